"""Why a step stands in a plan: the lines and entries that caused it, quoted from what this tool ships."""

from __future__ import annotations

from dataclasses import dataclass

from migrate.catalog import shelf
from migrate.model.plan import Gate, Plan, Remark, Step
from migrate.operations.catalogue import OPERATIONS


@dataclass(frozen=True, slots=True)
class Quote:
    """A place (`file:line`) and what stands there; empty where this installation has no such line."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that led to a step."""

    step: Step
    why: str
    phase: Quote
    policy: Quote | None
    inventory: tuple[str, ...]
    after: tuple[str, ...]
    before: tuple[str, ...]
    gates: tuple[Gate, ...]
    remarks: tuple[Remark, ...]
    """What the plan says about the files of this step: what the pod becomes, what blocks, what to know."""


def explanation(plan: Plan, step: Step) -> Explanation:
    """The causes of a step, what it waits for and what waits for it."""
    operation = OPERATIONS.get(step.operation)
    provenance = step.provenance
    return Explanation(
        step,
        " ".join((operation.__doc__ or "").split()) if operation else "",
        _quote(provenance.phase),
        _quote(provenance.policy) if provenance.policy else None,
        provenance.inventory,
        step.depends,
        tuple(other.id for other in plan.steps if step.id in other.depends),
        tuple(gate for gate in plan.gates if gate.before == step.id),
        tuple(one for one in plan.findings if one.file and _speaks_of(one.file, provenance.inventory)),
    )


def _speaks_of(file: str, inventory: tuple[str, ...]) -> bool:
    return any(f"({file}" in entry for entry in inventory)


def _quote(place: str) -> Quote:
    file, _, number = place.rpartition(":")
    folder, _, name = file.partition("/")
    # Only names that this tool itself writes into plans are opened.
    if folder not in {"phases", "policies"} or "/" in name or not number.isdigit():
        return Quote(place, "")
    path = shelf("phases" if folder == "phases" else "policies") / name
    lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
    return Quote(place, lines[int(number) - 1].strip() if int(number) <= len(lines) else "")
