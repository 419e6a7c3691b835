"""A plan file read back: checked for shape, then for being exactly what this tool would have written.

Whoever edits a plan gets a refusal that names the field; whoever wants another plan makes one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from migrate.model.change import Absent, Blobs, Change, Doc, Exact, FileEdit, Input, Irreversible, State
from migrate.model.errors import Failed, Refused
from migrate.model.json import Json
from migrate.model.plan import (
    Fact,
    Gate,
    PatchPair,
    Plan,
    Provenance,
    Remark,
    Step,
    Unknown,
)
from migrate.model.target import Target, parse_target
from migrate.planning.document import SCHEMA, digest_of, name_of, seals
from migrate.planning.rendering import backward, forward
from migrate.planning.wire import AbsentWire, DocumentWire, FilesWire, GateWire, PlanWire, StepWire


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plan from a file, known to be what this tool wrote. `document` is the file's own JSON."""

    name: str
    digest: str
    created: str
    tool: str
    plan: Plan
    document: dict[str, Json]


def load_plan(data: bytes, called: str) -> Loaded:
    """The plan in a file's bytes.

    Raises Failed where it is no plan (naming the field), Refused where it is not as it was written (naming the field).
    """
    document = _json(data, called)
    _of_this_version(document, called)
    try:
        wire = PlanWire.model_validate(document)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise Failed(f"{called} is no {SCHEMA}: {wrong}", following="make a plan: migrate plan PHASE -o FILE") from None
    try:
        plan = _plan(wire)
    except ValueError as error:
        raise Failed(f"{called}: {error}", following="make a plan: migrate plan PHASE -o FILE") from None
    changed = list(_differences(document, wire, plan))
    if changed:
        raise Refused(
            f"{called} is not as it was written: {', '.join(changed)}",
            truth="a plan is approved by its digest, so a changed one is another plan",
            undone="nothing was done with it",
            following=f"make a new one: migrate plan {wire.phase} -o FILE",
        )
    return Loaded(wire.name, wire.digest, wire.created, wire.tool, plan, document)


def _of_this_version(document: dict[str, Json], called: str) -> None:
    """Raises Failed for another document of this tool, and for a plan of another version of it."""
    found = document.get("schema")
    if isinstance(found, str) and found != SCHEMA:
        raise Failed(
            f"{called}: its schema is {found}, and this migrate reads {SCHEMA}",
            truth="another version of migrate wrote it" if found.startswith("migrate.plan/") else "it is no plan",
            undone="nothing was done with it",
            following="use the version that wrote it, or make a plan with this one: migrate plan PHASE -o FILE",
        )


def _json(data: bytes, called: str) -> dict[str, Json]:
    try:
        document = json.loads(data)
    except json.JSONDecodeError as error:
        # Where it ends to be JSON tells a file that was cut off from one that never was a plan.
        where = f"{called} is no JSON from line {error.lineno} on ({error.pos:,} of {len(error.doc):,} characters read)"
        raise Failed(where, following="make a plan: migrate plan PHASE -o FILE") from error
    except (ValueError, RecursionError) as error:
        raise Failed(f"{called} is no JSON", following="make a plan: migrate plan PHASE -o FILE") from error
    if not isinstance(document, dict):
        raise Failed(f"{called} is no plan: it is not a JSON object", following="migrate plan PHASE -o FILE")
    return document


def _differences(document: dict[str, Json], wire: PlanWire, plan: Plan) -> Iterator[str]:
    """Every field that is not what this tool would have written."""
    raw = document["steps"]
    assert isinstance(raw, list)
    for step, written in zip(plan.steps, raw, strict=True):
        assert isinstance(written, dict)
        if written["inverse"] != backward(step.change):
            yield f"steps.{step.id}.inverse"
        if written["change"] != forward(step.change):
            yield f"steps.{step.id}.change"
    found = seals(document)
    yield from (key for key in sorted(found.keys() | wire.seals.keys()) if found.get(key) != wire.seals.get(key))
    if digest_of(document) != wire.digest:
        yield "digest"
    if name_of(wire.phase, wire.digest) != wire.name:
        yield "name"


def _plan(wire: PlanWire) -> Plan:
    return Plan(
        phase=wire.phase,
        mode=wire.mode,
        commit=wire.estate.commit,
        dirty=wire.estate.dirty,
        unit=wire.unit,
        credential=wire.credential,
        facts=tuple(Fact(parse_target(f.target), f.digest, f.read, f.file) for f in wire.facts),
        steps=tuple(_step(step) for step in wire.steps),
        gates=tuple(_gate(gate) for gate in wire.gates),
        verdicts=tuple(wire.verdicts),
        patches=tuple(
            PatchPair(parse_target(p.target), p.step, tuple(p.forward), tuple(p.inverse)) for p in wire.patches
        ),
        findings=tuple(Remark(r.code, r.severity, r.text, r.fix, r.file) for r in wire.findings),
        unknowns=tuple(Unknown(u.subject, u.lacks, u.settles, u.blocks) for u in wire.unknowns),
        notes=tuple(wire.notes),
        retention=wire.retention,
        deployed=wire.deployed,
        places=tuple(sorted(wire.places.items())),
    )


def _gate(wire: GateWire) -> Gate:
    about = tuple(sorted(wire.about.items()))
    return Gate(wire.id, wire.way, wire.before, wire.check, wire.timeout, wire.soak, about, wire.unit, wire.until)


def _step(wire: StepWire) -> Step:
    if not wire.reversible and not wire.remains:
        raise ValueError(f"steps.{wire.id}.remains: a step without a true inverse says what remains")
    return Step(
        id=wire.id,
        unit=wire.unit,
        stage=wire.stage,
        operation=wire.operation,
        summary=wire.summary,
        change=_change(wire, parse_target(wire.target)),
        guard=wire.guard,
        needs=tuple(wire.needs),
        blast=wire.blast,
        provenance=Provenance(wire.provenance.phase, wire.provenance.policy, tuple(wire.provenance.inventory)),
        depends=tuple(wire.depends),
        applies=tuple(wire.applies),
        prunes=tuple(wire.prunes),
    )


def _change(wire: StepWire, target: Target) -> Change:
    undo = Exact() if wire.reversible else Irreversible(wire.remains or "", wire.compensates)
    files = tuple(FileEdit(f.file, f.before, f.after, tuple(f.edits), f.diff, f.masked) for f in wire.change.files)
    return Change(
        target,
        _state(wire.before),
        _state(wire.after),
        undo,
        tuple(
            Input(one.field, one.source, parse_target(one.shares) if one.shares else None) for one in wire.change.inputs
        ),
        files,
        tuple(parse_target(one) for one in wire.change.replaces),
    )


def _state(wire: AbsentWire | DocumentWire | FilesWire) -> State:
    match wire:
        case AbsentWire():
            return Absent()
        case DocumentWire(value=value):
            return Doc(value)
        case FilesWire(blobs=blobs):
            return Blobs(tuple(blobs.items()))
