"""The report answers on its first screen: what changed, who agreed, how do we go back. And it is safe to open."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cli.browser import needs_browser, shown
from tests.cli.test_session import CANARY, Call, call, under_way  # noqa: F401  the fixture

NASTY = "<script>alert(1)</script> | `x` [a](javascript:alert(1))"


class Seen(HTMLParser):
    """Tags, and attributes that would load or run something."""

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.loads = set[str](), list[tuple[str, str | None]]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loads += [
            (name, value) for name, value in attrs if name in {"src", "href", "action"} or name.startswith("on")
        ]


@pytest.fixture
def html(call: Call) -> Path:  # noqa: F811
    """The report of a run up to the contract stage, held with a reason that would like to be HTML."""
    under_way(call)
    assert call.do("hold", "set", NASTY, "--world", "../world") == 0
    file = call.folder / "report.html"
    assert call.do("report", "-o", str(file), "--world", "../world") == 0, call.out
    return file


def test_the_first_screen_answers_the_three_questions(html: Path) -> None:
    text = html.read_text()
    cards = re.findall(r'<section class="card"><h2>(.*?)</h2><ul>(.*?)</ul>', text)
    assert [question for question, _ in cards] == ["What changed", "Who agreed", "How do we go back"]
    answers = dict(cards)
    assert "reads its password from a file" in answers["What changed"]
    assert "migrate rollback phase1" in answers["How do we go back"]
    assert "rollback.sh" in answers["How do we go back"]
    assert "--world" in answers["How do we go back"], "it can be typed from anywhere"
    assert "1 person: " in answers["Who agreed"]
    assert text.index('class="cards"') < text.index("<table>")


def test_it_needs_nothing_and_runs_nothing(html: Path) -> None:
    seen = Seen()
    seen.feed(html.read_text())
    assert seen.loads == []
    assert "script" not in seen.tags
    assert "default-src 'none'" in html.read_text()


def test_the_markdown_keeps_text_text(call: Call, html: Path) -> None:  # noqa: F811
    assert call.do("report", "--world", "../world") == 0
    assert html.exists()
    assert "<script>" not in call.out
    assert "\\<script\\>" in call.out
    assert "how to go back" in call.out
    assert CANARY not in call.out


def test_no_canary_is_in_it(html: Path) -> None:
    assert CANARY not in html.read_text()


def test_a_gate_that_somebody_waived_is_said_on_the_first_screen(call: Call) -> None:  # noqa: F811
    call.applied("../world")
    gate = "db.rotation-lived"
    assert call.do("resume", "--waive", gate, "--reason", "I saw it", "--world", "../world") == 4, call.out
    assert call.do("report", "--world", "../world") == 0
    first, _, rest = call.out.partition("## ")
    assert "1 gate waived" in first
    assert "I saw it" in rest


def test_every_gate_shows_what_it_saw(html: Path) -> None:
    text = html.read_text()
    assert text.count('<svg class="soak"') > 10
    assert "answers and is unsealed" in text


@needs_browser
@pytest.mark.parametrize("width", [360, 1200])
def test_a_browser_shows_it_without_a_fault_and_without_scrolling_sideways(html: Path, width: int) -> None:
    assert shown(html.read_text(), width, html.parent) <= width


def test_the_report_of_a_session_names_its_records(call: Call) -> None:  # noqa: F811
    assert call.do("session", "start", "phase1", "--world", "../world") == 0
    call.follow("done")
    session = str(call.status()["session"])
    assert call.do("session", "report") == 0
    assert "every link of" in call.out
    assert session in call.out
    digest = json.loads(Path("phase1.plan.json").read_text())["digest"]
    assert digest in call.out
