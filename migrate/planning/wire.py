"""The shape of a plan file, field by field, as it is checked before anything in it is believed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from migrate.model.plan import Mode, Severity, Stage, Way


class Wire(BaseModel):
    """An object of the file: what it does not name is kept for the digest and read by nobody."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class AbsentWire(Wire):
    """There is nothing."""

    state: Literal["absent"]


class DocumentWire(Wire):
    """An object of a server."""

    state: Literal["document"]
    value: JsonValue


class FilesWire(Wire):
    """Files by path: the blob of each, null where there is none."""

    state: Literal["files"]
    blobs: dict[str, str | None]


StateWire = Annotated[AbsentWire | DocumentWire | FilesWire, Field(discriminator="state")]


class FileEditWire(Wire):
    """One file that a step changes; `diff` is what people read."""

    file: str
    before: str | None
    after: str | None
    edits: list[JsonValue]
    diff: str
    masked: int


class InputWire(Wire):
    """A field that is given when the step runs, and by what."""

    field: str
    source: str
    shares: str | None = None


class ChangeWire(Wire):
    """What a step does, as far as its states do not say it."""

    inputs: list[InputWire] = []
    files: list[FileEditWire] = []
    replaces: list[str] = Field(default=[], alias="replacesPodsOnUndo")


class ProvenanceWire(Wire):
    """What in the estate made the step."""

    phase: str
    policy: str | None
    inventory: list[str]


class StepWire(Wire):
    """One write with its inverse."""

    id: str
    unit: str
    stage: Stage
    operation: str
    target: str
    summary: str
    before: StateWire
    after: StateWire
    change: ChangeWire
    inverse: dict[str, JsonValue]
    reversible: bool
    remains: str | None = None
    compensates: str | None = None
    guard: str
    needs: list[str]
    blast: str
    provenance: ProvenanceWire
    depends: list[str]
    applies: list[str] = []
    prunes: list[str] = []


class GateWire(Wire):
    """A check between two stages."""

    id: str
    way: Way
    before: str
    check: str
    timeout: str
    soak: str
    about: dict[str, str] = {}
    unit: str = ""
    until: str = ""


class FactWire(Wire):
    """Something the plan rests on, by digest."""

    target: str
    digest: str
    read: str
    file: str = ""


class PatchWire(Wire):
    """A change to one object both ways, as RFC 6902."""

    target: str
    step: str
    forward: list[dict[str, JsonValue]]
    inverse: list[dict[str, JsonValue]]


class RemarkWire(Wire):
    """A finding."""

    code: str
    severity: Severity
    text: str
    fix: str
    file: str


class UnknownWire(Wire):
    """What could not be seen when the plan was made."""

    subject: str
    lacks: str
    settles: str
    blocks: bool


class EstateWire(Wire):
    """The commit that was read."""

    commit: str | None
    dirty: bool


class PlanWire(Wire):
    """The whole file."""

    schema_: Literal["migrate.plan/v1"] = Field(alias="schema")
    name: str
    digest: str
    tool: str
    created: str
    estate: EstateWire
    phase: str
    mode: Mode
    unit: str
    credential: str
    facts: list[FactWire]
    steps: list[StepWire]
    gates: list[GateWire]
    verdicts: list[JsonValue]
    patches: list[PatchWire]
    findings: list[RemarkWire]
    unknowns: list[UnknownWire]
    notes: list[str]
    retention: str = "720h"
    deployed: str | None = None
    places: dict[str, str] = {}
    seals: dict[str, str]
