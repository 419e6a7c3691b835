"""Who plays what a plan waits for and no command of this tool does: by the gate that waits, its part in the lab.

A gate that nobody plays either passes of itself or has its plan refused (`subject`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from migrate.cli.rehearsing.admitting import ADMITTED, Admitting
from migrate.cli.rehearsing.application import Account, Application, Table
from migrate.cli.rehearsing.developers import WRITES, Developers
from migrate.cli.rehearsing.ground import Ground
from migrate.cli.rehearsing.part import Part
from migrate.cli.rehearsing.renewal import RENEWED, Renewal
from migrate.cli.rehearsing.restoring import RESTORED, Restoring
from migrate.cli.rehearsing.rotation import Rotation
from migrate.cli.rehearsing.subject import ROTATION, about
from migrate.model.plan import Plan
from migrate.targets.columns import columns_of
from migrate.targets.hba import by_certificate


def cast(plan: Plan, ground: Ground) -> tuple[Part, ...]:
    """Everybody that this plan needs."""
    return tuple(play(ground, plan, found) for gate, play in _PLAYED.items() if (found := about(plan, gate)))


def _rotation(ground: Ground, plan: Plan, about: Mapping[str, str]) -> Part:
    return Rotation(ground.world, f"{about['database_mount']}/static-roles/{about['static_role']}")


def _renewal(ground: Ground, plan: Plan, about: Mapping[str, str]) -> Part:
    (role,) = (step.change.target for step in plan.steps if step.operation == "pki-role")
    return Renewal(ground, f"{about['pki_mount']}/roles/{role.name}", about["new_login"])


def _admitting(ground: Ground, plan: Plan, about: Mapping[str, str]) -> Part:
    listed = any(step.operation == "admit-certificate" for step in plan.steps)
    return Admitting(ground.world, "" if listed else by_certificate(about["new_login"], about["database"]))


def _developers(ground: Ground, plan: Plan, found: Mapping[str, str]) -> Part:
    (columns,) = (columns_of(step.change.target) for step in plan.steps if step.operation == "sealed-column")
    sealed = about(plan, "column.compared")
    who = next(dict(gate.about) for gate in plan.gates if gate.id.startswith("auth.login."))
    account = Account(who["namespace"], who["account"], who["audience"], who["auth_mount"], who["jwt_role"])
    return Developers(Application(ground, Table(columns, sealed["key_column"], sealed["key"]), account))


def _restoring(ground: Ground, plan: Plan, about: Mapping[str, str]) -> Part:
    return Restoring(ground.world)


_PLAYED: Mapping[str, Callable[[Ground, Plan, Mapping[str, str]], Part]] = {
    ROTATION: _rotation,
    RENEWED: _renewal,
    ADMITTED: _admitting,
    WRITES: _developers,
    RESTORED: _restoring,
}
