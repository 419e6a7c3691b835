"""Small plans, for tests of what an engine does with any plan."""

from __future__ import annotations

from migrate.model.change import Absent, Change, Doc, Exact
from migrate.model.plan import Gate, Plan, Provenance, Stage, Step
from migrate.model.target import parse_target


def a_step(id: str, target: str, stage: Stage) -> Step:  # noqa: A002
    """A step that makes a thing which was not there."""
    change = Change(parse_target(target), Absent(), Doc({"policy": id}), Exact())
    return Step(id, "apps/app", stage, "vault-policy", id, change, "", (), "", Provenance("", None, ()), ())


def a_plan(*steps: Step, gates: tuple[Gate, ...] = ()) -> Plan:
    """A plan of these steps."""
    return Plan("phase1", "practice", None, False, "apps/app", "static", (), steps, gates, (), (), (), (), ())
