"""The plan as a file: `migrate.plan/v1`, its digest and its name.

The digest covers everything but the name, itself, the time, and how facts were read: the same input gives the same
digest on any machine. `seals` are digests of the parts, so that a changed file can be told where it was changed.
"""

from __future__ import annotations

from migrate.model.change import Irreversible
from migrate.model.json import Json, digest
from migrate.model.plan import Fact, Gate, PatchPair, Plan, Remark, Step, Unknown
from migrate.model.state import state_json
from migrate.planning.rendering import backward, forward

SCHEMA = "migrate.plan/v1"

_UNSEALED = frozenset({"name", "digest", "created", "seals"})
_NAME_DIGITS = 4
_SEAL_DIGITS = 16


def plan_json(plan: Plan, tool: str, created: str) -> dict[str, Json]:
    """The whole document."""
    body: dict[str, Json] = {
        "schema": SCHEMA,
        "tool": tool,
        "created": created,
        "estate": {"commit": plan.commit, "dirty": plan.dirty},
        "phase": plan.phase,
        "mode": plan.mode,
        "unit": plan.unit,
        "credential": plan.credential,
        "facts": [_fact(fact) for fact in plan.facts],
        "steps": [step_json(step) for step in plan.steps],
        "gates": [gate_json(gate) for gate in plan.gates],
        "verdicts": list(plan.verdicts),
        "patches": [_patch(pair) for pair in plan.patches],
        "findings": [_remark(remark) for remark in plan.findings],
        "unknowns": [_unknown(unknown) for unknown in plan.unknowns],
        "notes": list(plan.notes),
        "retention": plan.retention,
        "deployed": plan.deployed,
        "places": dict(plan.places),
    }
    body["seals"] = seals(body)
    found = digest_of(body)
    return {"schema": SCHEMA, "name": name_of(plan.phase, found), "digest": found} | body


def digest_of(document: dict[str, Json]) -> str:
    """The digest of a plan document, whatever it says its digest is."""
    return digest(_covered(document, frozenset({"name", "digest", "created"})), levels=2)


def name_of(phase: str, found: str) -> str:
    """`phase1-7f3a`."""
    return f"{phase}-{found[:_NAME_DIGITS]}"


def seals(document: dict[str, Json]) -> dict[str, Json]:
    """A short digest for every step (`steps.ID`) and for every other field."""
    answer: dict[str, Json] = {}
    for key, value in _covered(document, _UNSEALED).items():
        if key == "steps" and isinstance(value, list):
            for number, step in enumerate(value):
                label = step.get("id") if isinstance(step, dict) else None
                answer[f"steps.{label or number}"] = digest(step)[:_SEAL_DIGITS]
        else:
            answer[key] = digest(value, levels=1)[:_SEAL_DIGITS]
    return answer


def _covered(document: dict[str, Json], without: frozenset[str]) -> dict[str, Json]:
    kept = {key: value for key, value in document.items() if key not in without}
    facts = kept.get("facts")
    if isinstance(facts, list):
        kept["facts"] = [{k: v for k, v in f.items() if k != "read"} if isinstance(f, dict) else f for f in facts]
    return kept


def step_json(step: Step) -> dict[str, Json]:
    """One step."""
    change, undo = step.change, step.change.undo
    body: dict[str, Json] = {
        "id": step.id,
        "unit": step.unit,
        "stage": step.stage,
        "operation": step.operation,
        "target": str(change.target),
        "summary": step.summary,
        "before": state_json(change.before),
        "after": state_json(change.after),
        "change": forward(change),
        "inverse": backward(change),
        "reversible": not isinstance(undo, Irreversible),
    }
    if isinstance(undo, Irreversible):
        body |= {"remains": undo.remains, "compensates": undo.compensates}
    provenance = step.provenance
    return body | {
        "guard": step.guard,
        "needs": list(step.needs),
        "blast": step.blast,
        "provenance": {
            "phase": provenance.phase,
            "policy": provenance.policy,
            "inventory": list(provenance.inventory),
        },
        "depends": list(step.depends),
        **({"applies": list(step.applies), "prunes": list(step.prunes)} if change.files else {}),
    }


def gate_json(gate: Gate) -> dict[str, Json]:
    """One gate."""
    return {
        "id": gate.id,
        "way": gate.way,
        "before": gate.before,
        "check": gate.check,
        "timeout": gate.timeout,
        "soak": gate.soak,
        "about": dict(gate.about),
        **({"unit": gate.unit} if gate.unit else {}),
        **({"until": gate.until} if gate.until else {}),
    }


def _fact(fact: Fact) -> Json:
    file: dict[str, Json] = {"file": fact.file} if fact.file else {}
    return {"target": str(fact.target), "digest": fact.digest, "read": fact.read, **file}


def _patch(pair: PatchPair) -> Json:
    forward_, inverse = list[Json](pair.forward), list[Json](pair.inverse)
    return {"target": str(pair.target), "step": pair.step, "forward": forward_, "inverse": inverse}


def _remark(remark: Remark) -> Json:
    return {
        "code": remark.code,
        "severity": remark.severity,
        "text": remark.text,
        "fix": remark.fix,
        "file": remark.file,
    }


def _unknown(unknown: Unknown) -> Json:
    return {
        "subject": unknown.subject,
        "lacks": unknown.lacks,
        "settles": unknown.settles,
        "blocks": unknown.blocks,
    }
