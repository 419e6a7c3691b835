"""What `runbook check` finds: every case is a runbook that somebody could not follow at night."""

from __future__ import annotations

from datetime import date

import pytest

from migrate.catalog import shelf
from migrate.checks.catalogue import CHECKS
from migrate.cli.commands import parse
from migrate.planning.phases import all_phases
from migrate.sessions.checking import check
from migrate.sessions.reading import read_runbook
from migrate.sessions.starting import starting_runbook
from tests.sessions.books import BACK, FRONT, book, fence

SCAN = "look\n" + fence("migrate", "migrate scan ${estate}")


def codes(text: str) -> list[str]:
    return [fault.code for fault in check(read_runbook(text), parse, CHECKS)]


def test_a_runbook_that_can_be_followed_has_no_findings() -> None:
    assert codes(book(SCAN, BACK)) == []


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("migrate scna .", "no verb scna"),
        ("migrate scan . --stric", "--stric"),
        ("migrate plan", "Missing argument"),
        ("migrate plan phase1 --credential both", "both"),
        ("migrate phases shwo phase1", "shwo"),
        ("migrate scan one two", "two"),
        ("migrate runbook", "Missing command|needs a word more|"),
    ],
)
def test_a_command_that_does_not_parse_is_named_with_its_line(command: str, words: str) -> None:
    text = book("look\n" + fence("migrate", "migrate phases", command), BACK)
    (found,) = check(read_runbook(text), parse, CHECKS)
    assert found.code == "command.unparsed"
    assert text.split("\n")[found.line - 1] == command
    assert any(word in found.text for word in words.split("|"))


@pytest.mark.parametrize(
    ("section", "code"),
    [
        (fence("migrate", "kubectl get pods"), "command.other"),
        (fence("migrate", "migrate phases | grep x"), "command.shell"),
        (fence("migrate", "migrate 'scan"), "command.words"),
        (fence("migrate", "migrate scan ${tree}"), "input.unknown"),
        (fence("migrate", "migrate plan phase1 -o ${digest}"), "digest.unapproved"),
        (fence("migrate often", "migrate phases"), "fence"),
        (fence("gate", "check: vault.raech"), "gate.unknown"),
        (fence("gate", "check: vault.reach", "soak: long"), "fence"),
        (fence("gate", "check: [", ""), "fence"),
        (fence("confirm", "second: true"), "fence"),
        (fence("evidence", "text: a", "file: b"), "fence"),
        (fence("manual", "does: it"), "fence"),
        ("see [there](#nowhere)", "link.broken"),
    ],
)
def test_each_fault_has_its_code(section: str, code: str) -> None:
    assert code in codes(book(SCAN, f"more\n{section}", BACK))


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ("inputs: [{name: tree, what: a tree}]\n", "input.unused"),
        ("inputs: [{name: vault-token, what: it}]\n", "input.secret"),
        ("inputs: [{name: estate, what: it}]\n", "input.built-in"),
        ("inputs: [{name: tree, what: a tree, pattern: '[a-z]+', default: '7'}]\n", "input.pattern"),
        ("inputs: [{name: tree, what: a tree, pattern: '['}]\n", "front-matter"),
        ("colour: blue\n", "front-matter"),
    ],
)
def test_inputs_are_asked_for_a_reason_and_never_secret(inputs: str, code: str) -> None:
    assert code in codes(book(SCAN, BACK, inputs=inputs))


def test_a_section_with_something_to_do_needs_an_id() -> None:
    text = FRONT.format(inputs="") + "\n## Look\n\n" + fence("migrate", "migrate phases")
    assert "id.missing" in codes(text)


def test_a_section_of_words_alone_needs_none() -> None:
    assert codes(book(SCAN, BACK) + "\n## Words\n\n```sh\nkubectl get pods\n```\n") == []


def test_two_steps_cannot_share_an_id() -> None:
    assert "id.twice" in codes(book(SCAN, SCAN, BACK))


def test_what_changes_something_says_how_to_go_back() -> None:
    assert "rollback.missing" in codes(book("do\n" + fence("manual", "do: pull the plug")))


def test_a_way_back_that_nothing_leads_to_is_unreachable() -> None:
    text = book(SCAN, BACK).replace("[go back](#rollback)", "go back")
    assert codes(text) == ["rollback.unreachable"]


def test_a_way_back_before_everything_else_is_unreachable() -> None:
    assert "rollback.unreachable" in codes(book(BACK, SCAN))


def test_an_example_in_a_longer_fence_is_no_command() -> None:
    example = "look\n````md\n```migrate\nmigrate nonsense\n```\n````\n"
    assert codes(book(example + fence("migrate", "migrate phases"), BACK)) == []


@pytest.mark.parametrize("phase", all_phases(), ids=lambda phase: phase.name)
def test_a_runbook_begun_from_a_phase_can_be_followed(phase: object) -> None:
    text = starting_runbook(phase, date(2026, 11, 24))  # type: ignore[arg-type]
    assert check(read_runbook(text), parse, CHECKS) == []


def test_every_runbook_that_travels_with_the_tool_can_be_followed() -> None:
    found = {path.stem: path.read_text() for path in shelf("runbooks").glob("*.md")}
    assert {"phase1", "rollback"} <= found.keys()
    assert [fault for text in found.values() for fault in check(read_runbook(text), parse, CHECKS)] == []
