"""What a scan looks like: nothing is cut short, nothing is told by colour alone, nothing in a name can act."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from migrate.estate.facts import Failed, Fetched, Skipped
from migrate.estate.inventory import (
    VERDICTS,
    Bootstrap,
    Datum,
    Files,
    Finding,
    Inventory,
    Reader,
    Reason,
    Secret,
    Served,
    Store,
    StoreRef,
    VaultKey,
    Wiring,
)
from migrate.model.plan import Begin, NotYet, Nowhere
from migrate.views import scan_html, scan_markdown, scan_mermaid, text
from migrate.views.scan_table import Following, screen, to_do


def inventory(odd: str = "") -> Inventory:
    """One secret of each verdict; `odd` stands in every name."""
    readers = Reader("Deployment", "app", f"web{odd}", "main", f"a{odd}.yaml", 0, "/spec", "env", wired=True)
    secrets = tuple(
        Secret(
            namespace="app",
            name=f"{verdict}-with-a-rather-long-name{odd}",
            file=f"a{odd}.yaml",
            document=0,
            api="external-secrets.io/v1",
            store=StoreRef("ClusterSecretStore", f"vault{odd}"),
            target=f"{verdict}-keys{odd}",
            wired=verdict != "orphan",
            wired_by="",
            creation_policy="Owner",
            deletion_policy="Retain",
            refresh_interval="1h",
            data=(Datum("a", VaultKey(f"apps/{verdict}{odd}", "a")),),
            template=False,
            readers=() if verdict == "orphan" else (readers,),
            verdict=verdict,
            reasons=(Reason(f"{verdict}.test", f"because {verdict}{odd}", None if verdict == "orphan" else readers),),
        )
        for verdict in VERDICTS
    )
    return Inventory(
        files=Files(9, 7, (Skipped(f"s{odd}.yaml", "a link"),), (Failed(f"f{odd}.yaml", 3, "a tab"),)),
        wiring=Wiring("flux", (f"clusters/main{odd}.yaml",)),
        stores=(Store("ClusterSecretStore", None, f"vault{odd}", "vault", None, "secret", "v2", "s.yaml", 5),),
        secrets=secrets,
        workloads=(),
        bootstrap=(Bootstrap("eso", f"token{odd}", "the store logs in with it", "s.yaml"),),
        findings=(Finding("owners.two", "warning", f"two owners{odd}", f"a{odd}.yaml"),),
        served=(served(odd),),
    )


def served(odd: str = "") -> Served:
    """A workload that the agent serves."""
    paths, maps = (Fetched(f"kv/data/moved{odd}", ("value",)),), (f"ConfigMap more{odd}",)
    return Served(
        "Deployment", "app", f"moved{odd}", "a.yaml", 0, "/spec", True, "mig-moved", ("db",), paths, maps, "0",
        (f"app/copy{odd}",),
    )  # fmt: skip


def shown(width: int | None, odd: str = "") -> str:
    return text.rendered(screen(inventory(odd), "estate", width), colour=False)


def squeezed(shown: str) -> str:
    return re.sub(r"\s+", "", shown)


@pytest.mark.parametrize("width", [40, 60, 72, 80, 100, 120, 200])
def test_the_table_fits_its_terminal_and_loses_no_letter(width: int) -> None:
    narrow = shown(width)
    assert max(map(len, narrow.splitlines())) <= width
    for secret in inventory().secrets:
        assert secret.id in squeezed(narrow)
        assert squeezed(secret.reasons[0].text) in squeezed(narrow)
    assert "eso/token" in narrow
    assert squeezed("f.yaml:3") in squeezed(narrow)


def test_off_a_terminal_every_secret_is_one_line() -> None:
    lines = shown(None).splitlines()
    for secret in inventory().secrets:
        (line,) = [line for line in lines if secret.id in line]
        assert secret.reasons[0].text in line


def test_totals_add_up_in_words() -> None:
    assert "total  1 ready + 1 adapt + 1 code + 1 keep + 1 orphan = 5 ExternalSecrets" in shown(None)


def test_groups_come_in_the_order_of_effort_and_say_who_decides() -> None:
    lines = shown(None).splitlines()
    heads = [line.split()[0] for line in lines if line.split()[:1] and line.split()[0] in VERDICTS]
    assert heads == list(VERDICTS)
    assert "Deployment app/web: because code [env]" in shown(None)


def test_an_unwired_secret_says_so() -> None:
    (line,) = [line for line in shown(None).splitlines() if "app/orphan-with" in line]
    assert "not wired" in line


@pytest.mark.parametrize(
    ("following", "command"),
    [
        (Following(Begin("phase1", "a/db"), ""), "migrate plan phase1 --only a/db -o phase1.plan.json"),
        (Following(Begin("phase2", "a/b"), "'my estate'"), "migrate plan phase2 --estate 'my estate' --only a/b -o"),
        (Following(NotYet("phase2"), "there"), "migrate plan phase2 --estate there"),
    ],
)
def test_the_screen_ends_with_what_to_type_next(following: Following, command: str) -> None:
    said = _to_do(inventory(), following)
    assert command in said
    assert f"migrate scan{following.folder and ' ' + following.folder} --json" in said


def test_no_plan_is_proposed_where_none_can_be_made() -> None:
    assert "migrate plan" not in _to_do(inventory(), Following(Nowhere(), ""))


def _to_do(found: Inventory, following: Following) -> str:
    return text.rendered(to_do(found, None, following), colour=False)


def test_whom_the_agent_serves_stands_in_every_form() -> None:
    forms = (shown(None), scan_markdown.page(inventory(), "estate"), scan_html.page(inventory(), "estate"))
    for form in forms:
        for word in ("Deployment app/moved", "kv/data/moved", "ConfigMap more", "app/copy"):
            assert word in form.replace("\\", "")


def test_an_estate_that_has_moved_is_not_called_empty() -> None:
    moved = replace(inventory(), secrets=())
    assert "no ExternalSecret is left here" in _to_do(moved, Following(Nowhere(), ""))


def test_an_empty_estate_says_what_to_do() -> None:
    empty = replace(inventory(), secrets=(), served=())
    said = text.rendered(screen(empty, "estate", None), colour=False)
    assert "= 0 ExternalSecrets" in said
    assert "no ExternalSecret was found" in _to_do(empty, Following(Nowhere(), ""))


def test_colour_says_nothing_that_words_do_not() -> None:
    lines = list(screen(inventory(), "estate", 100))
    painted = text.rendered(lines, colour=True)
    assert "\x1b[" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == text.rendered(lines, colour=False)


@pytest.mark.parametrize(
    ("environment", "terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colour_is_used_where_wanted(
    environment: dict[str, str], terminal: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
    assert text.coloured() is expected


ODD = "\x1b[31m\r\n\t\udcff\u202e`|\"'<script>alert(1)</script>&#;[x](y)*_{}%%"


def test_a_name_cannot_move_the_cursor() -> None:
    for width in (40, None):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\ud800-\udfff]", shown(width, ODD))


def test_a_name_cannot_become_markup_in_the_page() -> None:
    page = scan_html.page(inventory(ODD), "estate" + ODD)
    assert "<script" not in page
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.seen <= ELEMENTS


ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "b", "div", "span", "code", "br", "ul", "li"),
    *("table", "thead", "tbody", "tr", "th", "td", "svg", "g", "rect", "path", "text"),
}


class Tags(HTMLParser):
    """Which elements a page has, and which it forgot to close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not any(name.startswith("on") or name in {"href", "src"} for name, _ in attrs)
        self.seen.add(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_else() -> None:
    page = scan_html.page(inventory(), "estate")
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|@import|url\(", page)
    assert "prefers-color-scheme:dark" in page
    for secret in inventory().secrets:
        assert secret.id in page
        assert secret.data[0].vault.path in page


def test_the_mapping_page_has_one_row_a_secret() -> None:
    page = scan_markdown.page(inventory(), "estate")
    table = page.split("| Vault path |")[1]
    rows = [line for line in table.splitlines() if line.startswith("| `apps/")]
    assert len(rows) == 5
    assert rows[0].count(" | ") == 5
    assert "`apps/adapt#a`" in rows[0]
    assert "`app/adapt-keys`" in rows[0]
    assert "Deployment app/web (env, container main)" in rows[0]
    assert "**adapt**" in rows[0]


def test_a_name_cannot_break_a_row() -> None:
    page = scan_markdown.page(inventory(ODD), "estate")
    assert "<script" not in page.replace("\\<", "")
    rows = [line for line in page.splitlines() if "**" in line]
    assert len(rows) == 5
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7}


NODE = re.compile(r'    n\d+(?:\[\(|\{\{|\[|\(\[|\()"[^"\\<>`\[\]{}|&]*"(?:\)\]|\}\}|\]\)|\]|\))')
EDGE = re.compile(r'  (n\d+) -->(\|"[^"\\<>`\[\]{}|]*"\|)? (n\d+)')


@given(some.text(max_size=20) | some.just(ODD))
def test_the_chart_is_mermaid_whatever_the_names(odd: str) -> None:
    lines = scan_mermaid.chart(inventory(odd)).splitlines()
    assert lines[0] == "flowchart LR"
    drawn = {found.group().split()[0] for line in lines if (found := re.match(r"    n\d+", line))}
    for line in lines[1:]:
        plain = re.fullmatch(r'  subgraph c\d\["[A-Za-z ]+"\]|  end|  classDef .*|  class [n\d,]+ \w+', line)
        edge = EDGE.fullmatch(line)
        assert plain or edge or NODE.fullmatch(line), line
        assert not edge or {edge[1], edge[3]} <= drawn


def test_the_chart_goes_from_the_path_to_the_reader() -> None:
    chart = scan_mermaid.chart(inventory())
    names = dict(re.findall(r'(n\d+)[\[({]+"([^"]*)"', chart))
    edges = {(names[a], names[b]) for a, b in re.findall(r"(n\d+) -->(?:\|[^|]*\|)? (n\d+)", chart)}
    way = ["apps/keep", "vault", "app/keep-with-a-rather-long-name · keep", "app/keep-keys", "Deployment app/web"]
    assert set(pairwise(way)) <= edges


def test_many_starts_are_counted_and_the_first_are_named() -> None:
    starts = tuple(f"apps/{number:03d}/ks.yaml" for number in range(69))
    head = "\n".join(line.text for line in screen(replace(inventory(), wiring=Wiring("flux", starts)), "here", None))
    assert "apps/000/ks.yaml" in head
    assert "and 65 more" in head
    assert "apps/068/ks.yaml" not in head
