"""Makes the report: logs and a plan in, the model out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from migrate.engine.fold import Done, Failing, Intended, Kept, Passed, Pending, Run, Skipped, Undone, Waived
from migrate.engine.standing import Standing, standing
from migrate.model.change import Absent, Blobs, Doc, Irreversible, State
from migrate.model.json import Json, canonical, mapping, sequence
from migrate.model.log import Event
from migrate.model.plan import Step
from migrate.sessions.answers import RunPart, agreed, back, changed
from migrate.sessions.report import GateRow, Held, Reading, Record, Report, Row, Said
from migrate.sessions.session import Session

_LONGEST = 240  # letters of a state; the plan has the whole


def report(part: RunPart | None, session: Session | None, verified: str) -> Report:
    """The report of a run, of a session, or of both. `verified`: what a look over the records found."""
    run = part.run if part else Run()
    now = standing(part.run, part.plan) if part else None
    run_events = tuple(part.events) if part else ()
    own = tuple(session.events) if session else ()
    rows = tuple(_row(step, part.run) for step in part.plan.steps) if part else ()
    words = tuple(sorted((*_approvals(run_events), *_words(own)), key=lambda word: word.time))
    return Report(
        title=_title(part, session),
        state=_state(now, session),
        changed=tuple(changed(part, rows)),
        agreed=tuple(agreed(words)),
        back=tuple(back(part, now)),
        estate=session.estate if session else _estate(run_events),
        world=session.world if session else run.world,
        rows=rows,
        words=words,
        gates=tuple(_gates(run, run_events)),
        holds=(*_holds(run_events), *_stops(own)),
        commands=tuple(_commands(own)),
        evidence=(*(part.rehearsals if part else ()), *_evidence(own)),
        residue=tuple(_residue(run.residue)),
        moments=tuple(sorted((*_moments(run_events), *_session_moments(own)))),
        facts=tuple(_facts(part, session, verified)),
    )


def _title(part: RunPart | None, session: Session | None) -> str:
    return session.runbook if session else f"Run {part.run.id}" if part else "Nothing"


def _estate(events: Sequence[Event]) -> str:
    return str(events[0].data.get("estate", "")) if events else ""


def _state(now: Standing | None, session: Session | None) -> str:
    words = list[str]()
    if now is not None:
        held = f", held by {now.held.by}" if now.held else ""
        words.append(f"run {now.state}{held}, {now.done} of {now.total} steps")
    if session is not None:
        words.append(f"session {session.ended or ('paused' if session.paused is not None else 'open')}")
    return "; ".join(words)


def _row(step: Step, run: Run) -> Row:
    change = step.change
    undo = f"remains: {change.undo.remains}" if isinstance(change.undo, Irreversible) else "exact"
    state = _progress(run, step.id)
    diff = "\n".join(edit.diff for edit in change.files)
    before, after = ("", "") if change.files else (_shown(change.before), _shown(change.after))
    time = run.times.get(step.id, "")
    return Row(str(change.target), step.id, step.stage, step.summary, before, after, diff, state, time, undo)


def _progress(run: Run, step: str) -> str:
    match run.steps.get(step):
        case Done():
            return "done"
        case Undone():
            return "taken back"
        case Kept():
            return "kept"
        case Skipped():
            return "skipped"
        case Intended():
            return "its end is not known"
        case _:
            return "to come"


def _shown(state: State) -> str:
    match state:
        case Absent():
            return "not there"
        case Doc(value):
            text = canonical(value).decode("utf-8", "replace")
            return text if len(text) <= _LONGEST else text[:_LONGEST] + "... (the plan has the whole)"
        case Blobs(files):
            return ", ".join(name for name, _ in files)


def _approvals(events: Iterable[Event]) -> Iterator[Said]:
    for event in events:
        data = event.data
        if event.type == "run.approved":
            stages = ", ".join(str(stage) for stage in sequence(data.get("stages")))
            yield Said(event.time, str(data.get("who")), f"the plan, for {stages}", str(data.get("digest")))
        elif event.type == "gate.waived":
            yield Said(
                event.time, str(data.get("who")), f"gate {data['gate']} waived: {data.get('reason')}", "", waives=True
            )


def _words(events: Iterable[Event]) -> Iterator[Said]:
    for event in events:
        data = event.data
        who = f"{data.get('who')} on {data.get('host')}"
        if event.type == "word.given":
            yield Said(event.time, who, f"step {data['step']} ({data.get('how')})", str(data["digest"]))
        elif event.type == "step.skipped":
            yield Said(event.time, who, f"step {data['step']} left out: {data.get('reason')}", "")
        elif event.type in {"session.turned", "session.changed", "session.handed-over"}:
            what = event.type.partition(".")[2].replace("-", " ")
            yield Said(event.time, who, f"session {what}: {data.get('reason') or data.get('to')}", "")


def _gates(run: Run, events: Sequence[Event]) -> Iterator[GateRow]:
    keys = dict.fromkeys(
        (str(event.data.get("way", "forward")), str(event.data["gate"])) for event in events if "gate" in event.data
    )
    for way, gate in keys:
        own = [
            event for event in events if event.data.get("gate") == gate and str(event.data.get("way", "forward")) == way
        ]
        until = next((str(event.data["until"]) for event in own if "until" in event.data), "")
        readings = tuple(Reading(event.time, _answer(event), _seen(event)) for event in own)
        state = run.gates.get(("back" if way == "back" else "forward", gate))
        yield GateRow(gate, way, _gate_state(state), until, readings)


def _gate_state(state: object) -> str:
    match state:
        case Passed():
            return "passed"
        case Waived():
            return "waived"
        case Pending():
            return "waits"
        case Failing():
            return "failed"
        case _:
            return "asked"


def _answer(event: Event) -> str:
    ending = event.type.partition(".")[2]
    return {"failed": "fail", "waiting": "wait"}.get(ending, "pass")


def _seen(event: Event) -> str:
    return str(event.data.get("reading") or event.data.get("reason") or "")


def _holds(events: Iterable[Event]) -> Iterator[Held]:
    for event in events:
        if event.type == "hold.set":
            yield Held(event.time, str(event.data.get("by")), str(event.data.get("reason")))
        elif event.type in {"step.refused", "step.kept"}:
            yield Held(event.time, str(event.data.get("step")), str(event.data.get("why")))


def _stops(events: Iterable[Event]) -> Iterator[Held]:
    seen = set[tuple[str, str]]()
    for event in events:
        why = str(event.data.get("reason", ""))
        by = str(event.data.get("step") or event.data.get("who"))
        if (event.type == "session.paused" or event.data.get("passed") is False) and (by, why) not in seen:
            seen.add((by, why))
            yield Held(event.time, f"step {by}" if "step" in event.data else by, why)


def _commands(events: Iterable[Event]) -> Iterator[Record]:
    for event in events:
        data = event.data
        if event.type == "command.ended" and "line" in data:
            outcome = f"exit {data.get('exit')}, {data.get('seconds')} s, {data.get('who')}"
            yield Record(event.time, str(data["line"]), outcome, str(data.get("file")), str(data.get("output")))


def _evidence(events: Iterable[Event]) -> Iterator[Record]:
    for event in events:
        data = event.data
        if event.type == "evidence.kept":
            file, digest = str(data.get("file")), str(data.get("output"))
            yield Record(event.time, str(data.get("what")), f"step {data['step']}, {data.get('who')}", file, digest)
        elif event.type == "manual.passed":
            seen = f"step {data['step']}, {data.get('who')}: {data.get('reading')}"
            yield Record(event.time, str(data.get("do")), seen, "", "")


def _residue(found: Iterable[Json]) -> Iterator[str]:
    for one in found:
        entry = mapping(one)
        until = f", until {entry['until']}" if entry.get("until") else ""
        yield f"{entry.get('target')}: {entry.get('remains')}{until}; {entry.get('clean')}"


_LANES = {"step.applied": "writes", "run.approved": "people", "gate.passed": "gates", "gate.waived": "people"}
_LANES |= {"gate.failed": "gates", "gate.waiting": "gates", "gate.soaking": "gates", "hold.set": "people"}
_LANES |= {"step.settled": "writes", "step.kept": "writes", "step.refused": "writes"}


def _moments(events: Iterable[Event]) -> Iterator[tuple[str, str, str]]:
    for event in events:
        if lane := _LANES.get(event.type):
            about = event.data.get("step") or event.data.get("gate") or event.data.get("who") or event.data.get("by")
            back = " (back)" if event.data.get("way") == "back" else ""
            yield event.time, lane, f"{event.type.replace('.', ' ')}: {about}{back}"


def _session_moments(events: Iterable[Event]) -> Iterator[tuple[str, str, str]]:
    for event in events:
        if event.type in {"word.given", "session.opened", "session.turned", "session.closed", "evidence.kept"}:
            yield (
                event.time,
                "people",
                f"{event.type.replace('.', ' ')}: {event.data.get('step') or event.data.get('who')}",
            )


def _facts(part: RunPart | None, session: Session | None, verified: str) -> Iterator[tuple[str, str]]:
    if part is not None:
        opened = part.events[0].data if part.events else {}
        yield "run", part.run.id
        yield "plan", f"{part.run.plan}, digest {part.run.digest}"
        yield "tool", str(opened.get("tool", ""))
        yield "journal's last record", f"{part.events[-1].sequence}, {part.events[-1].hash}" if part.events else "none"
    if session is not None:
        yield "session", session.id
        yield "runbook", f"{session.source}, digest {session.digest}"
        yield "session log's last record", f"{session.events[-1].sequence}, {session.events[-1].hash}"
    yield "verification", verified
