"""Whether a session's records hold together, offline: its log, its runbook, its evidence, and the runs it drove."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from migrate.model.log import Broken, Event, Newer, Reading, Whole, read

Files = Callable[[str], bytes | None]
"""A file of the session's folder (`evidence/...`, `runbook-DIGEST.md`), None where it is gone."""
Journals = Callable[[str, str], bytes | None]
"""A file of a run's folder (`plan.json`, `journal.jsonl`), None where it is gone."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that does not hold: which record (from 1), and why."""

    record: int
    text: str


@dataclass(frozen=True, slots=True)
class Chain:
    """What was looked at, and the links that do not hold, the first first."""

    events: tuple[Event, ...]
    broken: tuple[Link, ...]
    runs: tuple[str, ...]
    files: int


def looked_over(log: bytes, files: Files, journals: Journals, plan_digest: Callable[[bytes], str]) -> Chain:
    """Every link of the chain, in the order of the log."""
    reading = read(log)
    events = () if isinstance(reading, Newer) else reading.events
    broken = list[Link]()
    runs, seen = dict[str, None](), 0
    for event in events:
        broken += _kept(event, files)
        seen += "output" in event.data
        if run := event.data.get("run"):
            runs[str(run)] = None
            broken += _anchored(event, str(run), journals, plan_digest)
    broken += _own(reading)
    return Chain(tuple(events), tuple(sorted(broken, key=lambda link: link.record)), tuple(runs), seen)


def _own(reading: Reading) -> Iterator[Link]:
    match reading:
        case Broken(_, line, why):
            yield Link(line, f"the session's log: {why}")
        case Newer(schema):
            yield Link(1, f"the session's log was written by a newer version ({schema})")
        case Whole(events=()):
            yield Link(1, "the session's log is empty")
        case Whole():
            return


def _kept(event: Event, files: Files) -> Iterator[Link]:
    """Outputs, evidence and runbooks are the ones that were kept."""
    pairs = [(event.data.get("file"), event.data.get("output"))]
    if event.type in {"session.opened", "session.changed"}:
        pairs.append((event.data.get("copy"), event.data.get("digest")))
    for name, digest in pairs:
        if not (isinstance(name, str) and isinstance(digest, str) and name):
            continue
        data = files(name)
        if data is None:
            yield Link(event.sequence + 1, f"{name} is gone")
        elif sha256(data).hexdigest() != digest:
            yield Link(event.sequence + 1, f"{name} is not what was kept")


def _anchored(event: Event, run: str, journals: Journals, plan_digest: Callable[[bytes], str]) -> Iterator[Link]:
    """The run's journal still holds the record that was its newest then, and the plan is the same."""
    number = event.sequence + 1
    plan, journal = journals(run, "plan.json"), journals(run, "journal.jsonl")
    if plan is None or journal is None:
        yield Link(number, f"run {run} is gone")
        return
    if plan_digest(plan) != event.data.get("plan"):
        yield Link(number, f"the plan beside run {run} is not the one that ran")
    reading = read(journal)
    if isinstance(reading, Newer):
        yield Link(number, f"the journal of run {run} was written by a newer version ({reading.schema})")
        return
    at = event.data.get("sequence")
    if event.data.get("head") not in {one.hash for one in reading.events if one.sequence == at}:
        yield Link(number, f"the journal of run {run} does not hold record {at} as it was")
    if isinstance(reading, Broken):
        yield Link(number, f"the journal of run {run}, line {reading.line}: {reading.why}")
