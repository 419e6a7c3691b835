"""What a plan is about, as far as somebody who watches from outside must know: names from its gates, no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from migrate.lab.survey import is_address
from migrate.model.errors import Refused
from migrate.model.json import Json, mapping
from migrate.model.plan import Plan

ROTATION = "db.rotation-lived"


@dataclass(frozen=True, slots=True)
class Subject:
    """A workload with its Secret and its logins. Empty where the plan has no such thing."""

    deployment: str
    container: str
    secret: str
    login: str
    owner: str
    address: str
    """The database as Vault reaches it, host and port."""
    major: int | None
    """PostgreSQL's major version, where the plan knows it."""
    static_role: str
    """Path of the static role in Vault whose rotation a gate waits for."""


def subject(plan: Plan) -> Subject:
    """What the plan's gates say. Raises Refused where its database has no name that a lab could give a meaning."""
    about = {name: value for gate in plan.gates for name, value in gate.about}
    rotated = next((dict(gate.about) for gate in plan.gates if gate.id == ROTATION), None)
    address = about.get("address", "")
    if address and is_address(address.rpartition(":")[0]):
        raise Refused(
            f"the database's address {address} is a number, and a lab can only give names another meaning",
            truth="Vault would be led to the real server, or this machine away from it",
            undone="no lab was started",
            following="give the server a name, set database.address in migrate.yaml to it, and plan again",
        )
    version = about.get("server_version", "")
    return Subject(
        deployment=plan.unit,
        container=str(mapping(_json(about.get("pod", ""))).get("container", "")),
        secret=about.get("secret", ""),
        login=about.get("new_login", ""),
        owner=about.get("owner", ""),
        address=address,
        major=int(version) if version.isdigit() else None,
        static_role=f"{rotated['database_mount']}/static-roles/{rotated['static_role']}" if rotated else "",
    )


def expected(plan: Plan, one: Subject, mark: str) -> dict[str, Json]:
    """What must be so at a mark: `before`, `there` (up to the contract stage), `back`, `done`."""
    moved = mark in {"there", "done"}
    logins: dict[str, Json] = {}
    sessions: dict[str, Json] = {}
    if one.login and one.owner:
        closed = mark == "done" and any(step.operation == "close-login" for step in plan.steps)
        logins = {one.owner: not closed, one.login: True if moved else None}
        sessions = {one.login: moved, one.owner: not moved}
    agent: dict[str, Json] = {"agent": moved} if any(True for _ in _cutovers(plan)) else {}
    return {**agent, "logins": logins, "sessions": sessions, "secret": bool(one.secret)}


def _cutovers(plan: Plan) -> Iterator[str]:
    yield from (step.id for step in plan.steps if step.stage == "cutover")


def _json(text: str) -> Json:
    try:
        found: Json = json.loads(text)
    except ValueError:
        return None
    return found
