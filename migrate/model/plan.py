"""A plan: ordered steps and gates, what they stand on, and everything a person must know before saying yes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from migrate.model.change import Change
from migrate.model.json import Json
from migrate.model.target import Target

Stage = Literal["expand", "cutover", "soak", "contract"]
STAGES: tuple[Stage, ...] = ("expand", "cutover", "soak", "contract")

Way = Literal["forward", "back"]
Mode = Literal["offline", "live", "practice"]
Severity = Literal["blocks", "warning", "info"]
END = "end"
"""Stands where a gate names no step: before the run is closed, whichever way it went."""

SEVERITIES: tuple[Severity, ...] = ("blocks", "warning", "info")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Why a step stands in the plan: `file:line` of the phase and of the policy, and entries of the inventory."""

    phase: str
    policy: str | None
    inventory: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One atomic write. `guard` says what must be found before writing, `needs` the permissions for it and its undo."""

    id: str
    unit: str
    stage: Stage
    operation: str
    summary: str
    change: Change
    guard: str
    needs: tuple[str, ...]
    blast: str
    provenance: Provenance
    depends: tuple[str, ...]
    applies: tuple[str, ...] = ()
    """Of a commit: the objects that it makes or changes in the clusters, each as `Kind/namespace/name`."""
    prunes: tuple[str, ...] = ()
    """Of a commit: the objects that it takes out of them."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A check that must pass before a step (or before a stage begins, or `END`); on the way back before its undo.

    `soak` is how long it must keep passing; `timeout` how long it may stay inconclusive (`0s`: no limit, where people
    are waited for). `about` names what the check needs to know, as pairs ordered by name.
    """

    id: str
    way: Way
    before: str
    check: str
    timeout: str
    soak: str
    about: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    """The workload it is about, in a plan of several; empty where it is about all of them."""
    until: str = ""
    """The step, stage or `END` up to which it must hold: whoever goes on asks it again. Empty: it passes once."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What the plan believed of a target, so that a stale plan can name what moved. `read` says how, never when.

    `digest`: `blob:` and Git's name of the content for a `file`, else a fingerprint of the target's state.
    """

    target: Target
    digest: str
    read: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """What an offline plan could not see. `blocks`: apply refuses until it is known."""

    subject: str
    lacks: str
    settles: str
    blocks: bool


@dataclass(frozen=True, slots=True)
class Remark:
    """Something an operator should know before approving. `blocks`: apply refuses until it is dealt with."""

    code: str
    severity: Severity
    text: str
    fix: str
    file: str


@dataclass(frozen=True, slots=True)
class PatchPair:
    """RFC 6902 forward and inverse for one object that exists before and after a step."""

    target: Target
    step: str
    forward: tuple[dict[str, Json], ...]
    inverse: tuple[dict[str, Json], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything apply needs and nothing it has to guess. `verdicts` are as they are written."""

    phase: str
    mode: Mode
    commit: str | None
    dirty: bool
    unit: str
    credential: str
    facts: tuple[Fact, ...]
    steps: tuple[Step, ...]
    gates: tuple[Gate, ...]
    verdicts: tuple[Json, ...]
    patches: tuple[PatchPair, ...]
    findings: tuple[Remark, ...]
    unknowns: tuple[Unknown, ...]
    notes: tuple[str, ...]
    places: tuple[tuple[str, str], ...] = ()
    """Which servers it was made for, by store name; none offline."""
    retention: str = "720h"
    """How long after the contract stage its steps can still be taken back."""
    deployed: str | None = None
    """The branch the cluster is made from; None where the tree does not say."""

    @property
    def units(self) -> tuple[str, ...]:
        """The workloads that it moves, in the order in which they move."""
        return tuple(dict.fromkeys(step.unit for step in self.steps))

    def step(self, id: str) -> Step | None:  # noqa: A002  `id` is the contract's word
        """The step called `id`, or None."""
        return next((step for step in self.steps if step.id == id), None)


# --- where to begin with an estate ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Begin:
    """This phase has a plan, and begins with what is edited under this name (`namespace/name`)."""

    phase: str
    only: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """Something is there for this phase, and nothing of it can be planned as it stands."""

    phase: str


@dataclass(frozen=True, slots=True)
class Nowhere:
    """No phase has anything to move."""


Beginning: TypeAlias = Begin | NotYet | Nowhere
