"""A runbook to begin with, from a phase: its gates where they wait, and the way back. Passes `runbook check`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

from migrate.planning.phases import Phase


def starting_runbook(phase: Phase, today: date) -> str:
    """The text of the file."""
    return "\n".join((*_head(phase, today), *_forward(phase), *_back())) + "\n"


def _head(phase: Phase, today: date) -> Iterator[str]:
    # JSON strings are YAML strings, whatever a title holds.
    yield from ("---", f"title: {json.dumps(phase.title, ensure_ascii=False)}", f"phase: {phase.name}")
    yield from ("owner: name the people who keep this", f"reviewed: {today.isoformat()}", "inputs:")
    yield from ("  - name: plan", "    what: the file the plan is written to")
    yield from (f"    default: {phase.name}.plan.json", "---", "", f"# {phase.title}", "", phase.summary, "")
    yield "**Who is locked out if it goes wrong, and what still works then:** write it here."
    yield "At any moment before the contract stage you can [go back](#rollback)."


def _forward(phase: Phase) -> Iterator[str]:
    yield from _section("Look first", "look", "What is there, and that nothing is under way.")
    yield from _fence("migrate", "migrate scan ${estate}", "migrate status")
    yield from _section("Plan", "plan", "Nothing is changed. Read the steps, and the way back beside each.")
    yield from _fence("migrate", f"migrate plan {phase.name} -o ${{plan}}", "migrate show ${plan}")
    yield from _section("Agree", "agree", "From here on, what you agreed to is what runs, and nothing else.")
    yield from _fence("confirm", "plan: ${plan}", "second: true")
    yield from _section(
        "Apply", "apply", "It stops by itself where it must wait: first of all for a commit to be merged."
    )
    yield from _fence("migrate exit=0,4", "migrate apply ${plan} --approve ${digest}")
    yield from _section("Merge and go on", "merge", "These gates are asked on the way:")
    yield ""
    yield from (f"- `{gate.id}`: {gate.check}" for gate in phase.gates if gate.way == "forward")
    yield from _fence("manual", "do: push the branch that migrate status names, and merge it")
    yield from _fence("migrate", "migrate resume --approve ${digest}")
    yield from _section("Check", "check", "The world is as the run recorded it.")
    yield from _fence("migrate", "migrate verify")


def _back() -> Iterator[str]:
    yield from _section("How to go back", "rollback", "Only what the run wrote and is still its own is taken back.")
    yield from _fence("migrate exit=0,7", "migrate rollback")
    yield from _fence("manual", "do: push the revert that migrate status names, and merge it")
    yield from _fence("migrate", "migrate rollback", "migrate status")


def _section(title: str, id: str, text: str) -> Iterator[str]:  # noqa: A002  the word of the format
    yield from ("", f'## {title} <a id="{id}"></a>', "", text)


def _fence(kind: str, *lines: str) -> Iterator[str]:
    yield from ("", f"```{kind}", *lines, "```")
