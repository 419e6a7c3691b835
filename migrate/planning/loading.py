"""A plan file read back: checked for shape, then for being exactly what this tool would have written.

Whoever edits a plan gets a refusal that names the field; whoever wants another plan makes one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from migrate.model.change import Absent, Blobs, Change, Doc, Exact, FileEdit, Input, Irreversible, State
from migrate.model.errors import Failed, Refused
from migrate.model.json import Json
from migrate.model.plan import (
    Fact,
    Gate,
    Mode,
    PatchPair,
    Plan,
    Provenance,
    Remark,
    Severity,
    Stage,
    Step,
    Unknown,
    Way,
)
from migrate.model.target import Target, parse_target
from migrate.planning.document import SCHEMA, digest_of, name_of, seals
from migrate.planning.rendering import backward, forward


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Absent(_Wire):
    state: Literal["absent"]


class _Document(_Wire):
    state: Literal["document"]
    value: JsonValue


class _Files(_Wire):
    state: Literal["files"]
    blobs: dict[str, str | None]


_State = Annotated[_Absent | _Document | _Files, Field(discriminator="state")]


class _FileEdit(_Wire):
    file: str
    before: str | None
    after: str | None
    edits: list[JsonValue]
    diff: str
    masked: int


class _Input(_Wire):
    field: str
    source: str
    shares: str | None = None


class _Change(_Wire):
    inputs: list[_Input] = []
    files: list[_FileEdit] = []
    replaces: list[str] = Field(default=[], alias="replacesPodsOnUndo")


class _Provenance(_Wire):
    phase: str
    policy: str | None
    inventory: list[str]


class _Step(_Wire):
    id: str
    unit: str
    stage: Stage
    operation: str
    target: str
    summary: str
    before: _State
    after: _State
    change: _Change
    inverse: dict[str, JsonValue]
    reversible: bool
    remains: str | None = None
    compensates: str | None = None
    guard: str
    needs: list[str]
    blast: str
    provenance: _Provenance
    depends: list[str]


class _Gate(_Wire):
    id: str
    way: Way
    before: str
    check: str
    timeout: str
    soak: str
    about: dict[str, str] = {}
    unit: str = ""


class _Fact(_Wire):
    target: str
    digest: str
    read: str
    file: str = ""


class _Patch(_Wire):
    target: str
    step: str
    forward: list[dict[str, JsonValue]]
    inverse: list[dict[str, JsonValue]]


class _Remark(_Wire):
    code: str
    severity: Severity
    text: str
    fix: str
    file: str


class _Unknown(_Wire):
    subject: str
    lacks: str
    settles: str
    blocks: bool


class _Estate(_Wire):
    commit: str | None
    dirty: bool


class _Plan(_Wire):
    schema_: Literal["migrate.plan/v1"] = Field(alias="schema")
    name: str
    digest: str
    tool: str
    created: str
    estate: _Estate
    phase: str
    mode: Mode
    unit: str
    credential: str
    facts: list[_Fact]
    steps: list[_Step]
    gates: list[_Gate]
    verdicts: list[JsonValue]
    patches: list[_Patch]
    findings: list[_Remark]
    unknowns: list[_Unknown]
    notes: list[str]
    retention: str = "720h"
    deployed: str | None = None
    places: dict[str, str] = {}
    seals: dict[str, str]


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
    try:
        wire = _Plan.model_validate(document)
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


def _json(data: bytes, called: str) -> dict[str, Json]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Failed(f"{called} is no JSON", following="make a plan: migrate plan PHASE -o FILE") from error
    if not isinstance(document, dict):
        raise Failed(f"{called} is no plan: it is not a JSON object", following="migrate plan PHASE -o FILE")
    return document


def _differences(document: dict[str, Json], wire: _Plan, plan: Plan) -> Iterator[str]:
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


def _plan(wire: _Plan) -> Plan:
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


def _gate(wire: _Gate) -> Gate:
    about = tuple(sorted(wire.about.items()))
    return Gate(wire.id, wire.way, wire.before, wire.check, wire.timeout, wire.soak, about, wire.unit)


def _step(wire: _Step) -> Step:
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
    )


def _change(wire: _Step, target: Target) -> Change:
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


def _state(wire: _Absent | _Document | _Files) -> State:
    match wire:
        case _Absent():
            return Absent()
        case _Document(value=value):
            return Doc(value)
        case _Files(blobs=blobs):
            return Blobs(tuple(blobs.items()))
