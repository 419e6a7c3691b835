"""What a plan is about, as far as somebody who watches from outside must know: names from its gates, no more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from migrate.lab.survey import is_address
from migrate.model.errors import Refused
from migrate.model.json import Json, mapping
from migrate.model.plan import Gate, Plan, Step

ROTATION = "db.rotation-lived"
SHOWN = "db.tls-client"
"""Asked where pods show a certificate to the database."""
COPIED = "kv.value-equal"
"""Asked of workloads that read copies of what Vault's KV holds."""
WRITTEN, SEALED = "column.writes", "column.compared"
"""Asked where an application's column is sealed, and of every sealed column."""
GRANTED = "policy.capability"
_ELSEWHERE = {
    "transit.backups": "the last of your backups from before to be gone",
    "vault.serves.cutover": "phase 1 to have been there: the agent would read a login that no lab has",
    "db.leases-gone": "the leases of a dynamic login to run out, which takes an hour",
}
"""Gates that wait for what does not happen in a lab while a rehearsal lasts, and what for."""
_MOVED = frozenset({"there", "outage", "cold start", "done"})
_DRILLED: dict[str, dict[str, Json]] = {
    "outage": {"pods": "stayed", "allGo": True},  # the cold start is announced: it alone may leave a time without a pod
    "cold start": {"pods": "new"},
}


@dataclass(frozen=True, slots=True)
class Watched:
    """A workload with its Secrets. Empty where the plan has no such thing."""

    deployment: str
    """`namespace/name` of a Deployment; of anything else its kind stands first."""
    container: str
    """The one that is asked whether it works; empty for all of them."""
    secrets: tuple[str, ...]
    values: tuple[str, ...]
    """Paths in Vault's KV whose values it may read."""
    moves: bool
    """Whether a commit of the plan has an agent hand it its secrets."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The workloads, and the logins of the first. Empty where the plan has no such thing."""

    workloads: tuple[Watched, ...]
    login: str
    owner: str
    address: str
    """The database as Vault reaches it, host and port."""
    major: int | None
    """PostgreSQL's major version, where the plan knows it."""
    host: str
    """The name by which its pods reach the database with a certificate; empty where they show none."""
    database: str
    """What they open there."""
    role: str
    """And as which login they act in it."""
    column: Mapping[str, str]
    """What is said of a column that is sealed: `columns`, `key` (`MOUNT/keys/NAME`) and `key_column`; or nothing."""


def subject(plan: Plan) -> Subject:
    """What the plan's gates say.

    Raises Refused where they wait for what no lab has, or its database has no name that a lab could give a meaning.
    """
    _playable(plan)
    names = {name: value for gate in plan.gates for name, value in gate.about}
    shown = about(plan, SHOWN)
    address = names.get("address", "")
    if address and is_address(address.rpartition(":")[0]):
        raise Refused(
            f"the database's address {address} is a number, and a lab can only give names another meaning",
            truth="Vault would be led to the real server, or this machine away from it",
            undone="no lab was started",
            following="give the server a name, set database.address in migrate.yaml to it, and plan again",
        )
    version = names.get("server_version", "")
    return Subject(
        workloads=tuple(_watched(plan, unit) for unit in plan.units),
        login=names.get("new_login", ""),
        owner=names.get("old_login", ""),
        address=address,
        major=int(version) if version.isdigit() else None,
        host=shown.get("server_name", ""),
        database=shown.get("database", ""),
        role=shown.get("owner", ""),
        column=about(plan, SEALED) if about(plan, WRITTEN) else {},
    )


def about(plan: Plan, name: str) -> dict[str, str]:
    """What the plan's gate of that name is asked about; nothing where it has no such gate."""
    return next((dict(gate.about) for gate in plan.gates if gate.id.partition("@")[0] == name), {})


def _playable(plan: Plan) -> None:
    """Return if everything the plan waits for happens in a lab, soon: merges, rollouts, rotations, soaks."""
    waits = dict.fromkeys(_ELSEWHERE[name] for gate in plan.gates if (name := gate.id.partition("@")[0]) in _ELSEWHERE)
    if waits:
        raise Refused(
            f"{plan.phase} is not rehearsed: it waits for {'; then for '.join(waits)}",
            truth="a rehearsal merges, and waits for minutes: phases 1 to 4 need no more, but for this",
            undone="no lab was started",
            following=f"migrate plan {plan.phase} --world DIR -o FILE, and apply there: practice has those waits too",
        )


def _watched(plan: Plan, unit: str) -> Watched:
    """What the gates that are about this workload say of it."""
    gates = [gate for gate in plan.gates if gate.unit in {"", unit}]
    told = {name: value for gate in gates for name, value in gate.about if value}
    secrets = dict.fromkeys(value for gate in gates for name, value in gate.about if name == "secret" and value)
    copied = any(gate.id.partition("@")[0] == COPIED for gate in gates)
    return Watched(
        deployment=told.get("deployment", unit),
        container=str(mapping(_json(told.get("pod", ""))).get("container", "")) if told.get("new_login") else "",
        secrets=tuple(secrets),
        values=tuple(_paths(gates)) if copied else (),
        moves=any(_by_commit(step) and step.unit == unit for step in plan.steps),
    )


def _by_commit(step: Step) -> bool:
    return step.stage == "cutover" and step.change.target.store == "git"


def _paths(gates: list[Gate]) -> Iterator[str]:
    """The paths in KV that the workload's own policy grants: a login that Vault makes is no value to be compared."""
    for gate in gates:
        if gate.id.partition("@")[0] == GRANTED:
            yield from (path for path in dict(gate.about)["path"].split() if "/data/" in path)


def expected(plan: Plan, one: Subject, mark: str) -> dict[str, Json]:
    """By workload, what must be so at a mark: `before`, `there` (up to the contract stage), `outage` and `cold start`
    there, `back`, `done`."""
    moved = mark in _MOVED
    found: dict[str, Json] = {}
    for number, watched in enumerate(one.workloads):
        agent: dict[str, Json] = {"agent": moved} if watched.moves else {}
        logins = _logins(plan, one, mark) | _column(one, mark) if number == 0 else {}
        drilled = _DRILLED.get(mark, {}) if watched.moves else {}
        found[watched.deployment] = {**agent, **logins, **drilled, "secret": bool(watched.secrets)}
    return found


def _column(one: Subject, mark: str) -> dict[str, Json]:
    """Sealed with the plaintext beside it until the contract stage, and from there on alone: that is for good."""
    if not one.column:
        return {}
    return {"column": "dropped" if mark == "done" else "sealed" if mark in _MOVED else "plain"}


def _logins(plan: Plan, one: Subject, mark: str) -> dict[str, Json]:
    if not (one.login and one.owner):
        return {}
    moved = mark in _MOVED
    closed = mark == "done" and any(step.operation == "close-login" for step in plan.steps)
    shown: dict[str, Json] = {"certificate": moved} if one.host else {}
    return {
        **shown,
        "logins": {one.owner: not closed, one.login: True if moved else None},
        "sessions": {one.login: moved, one.owner: not moved},
    }


def _json(text: str) -> Json:
    try:
        found: Json = json.loads(text)
    except ValueError:
        return None
    return found
