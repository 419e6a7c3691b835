"""What is really there, read without the journal's help, and compared with what the tool believes and says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrate.cli.connect import Connections, connect
from migrate.cli.place import Known, Place, known_runs
from migrate.engine.adopting import Found, found
from migrate.engine.fold import Done, Intended, Kept, Skipped, Undone
from migrate.engine.settle import Applied, NotApplied
from migrate.model.change import Absent, Doc
from migrate.model.json import mapping
from migrate.model.plan import Plan
from migrate.model.target import Target
from migrate.stores.runs import runs_of
from migrate.targets.lasting import Leave, lasting
from tests.harness.operator import Operator

_LONG = 12
"""Shorter values stand in texts by chance."""


def here(one: Operator) -> tuple[Place, Known | None]:
    """The place, and its newest run."""
    where = Place(one.estate, one.world, runs_of(one.estate, one.environment))
    runs = known_runs(where)
    return where, runs[0] if runs else None


def disagreements(one: Operator) -> list[str]:
    """Where belief and reality part: for each step the run state against what reading it back says."""
    where, run = here(one)
    if run is None:
        return []
    stores = connect(where, run.loaded).stores
    answer = list[str]()
    steps = found(run.loaded.plan, lambda step: stores[step.change.target.store].read(step.change))
    for step in steps:
        believed, seen = run.run.steps.get(step.step.id), step.finding
        right = {
            Done: isinstance(seen, Applied),
            Skipped: isinstance(seen, Applied),
            Intended: isinstance(seen, Applied | NotApplied),
            Kept: True,
        }.get(type(believed), isinstance(seen, NotApplied) or _not_made(step, steps) or _stays(step, believed))
        if not right and not _anothers(step, believed):
            answer.append(f"{step.step.id}: believed {believed}, there is {seen}")
    return answer


def _anothers(step: Found, believed: object) -> bool:
    """Whether the target is another's to change while the step is not ours: ESO owns and lets go by itself."""
    return step.step.operation == "disown-secret" and isinstance(believed, Skipped | None)


def _not_made(step: Found, steps: tuple[Found, ...]) -> bool:
    """Whether an earlier step makes the target, and has not: what this one finds there is then nothing at all."""
    earlier = steps[: steps.index(step)]
    same = [one for one in earlier if one.step.change.target == step.step.change.target]
    return bool(same) and not isinstance(same[-1].finding, Applied)


def _stays(step: Found, believed: object) -> bool:
    """Whether it is of a kind that the way back leaves where it is."""
    return isinstance(believed, Undone) and isinstance(lasting(step.step.change), Leave)


def misdescribed(one: Operator) -> list[str]:
    """Where `status --json` says something else than the journal and the world."""
    said, (_, run) = one.status(), here(one)
    if run is None:
        return [] if not said else [f"status speaks of {said}, and there is no run"]
    done = sum(isinstance(step, Done | Skipped) for step in run.run.steps.values())
    open_write = any(isinstance(step, Intended) for step in run.run.steps.values())
    answer = list[str]()
    if said["steps"] != {"done": done, "total": len(run.loaded.plan.steps)}:
        answer.append(f"steps {said['steps']}, {done} are done")
    if (run.run.ended or "") != (said["state"] if said["state"] in {"done", "rolled-back"} else ""):
        answer.append(f"state {said['state']}, ended {run.run.ended}")
    if open_write and (said["state"] != "stopped" or not said["held"]):
        answer.append(f"a write whose end is not known, and status says {said['state']}")
    return answer


@dataclass(frozen=True)
class Estate:
    """What a rollback must restore: deployed bytes, and the world without clocks, counters and pods' names.

    Nor passwords that Vault changes by itself: of a login that it rotates they are whatever they were last.
    """

    deployed: str
    vault: dict[str, Any]
    logins: dict[str, Any]
    databases: dict[str, Any]
    secrets: dict[str, Any]
    wanted: dict[str, Any]


def standing(one: Operator) -> Estate:
    """The estate and its world now."""
    where, run = here(one)
    if run is not None:
        _look(connect(where, run.loaded), run.loaded.plan)  # reactions happen when somebody looks
    vault, postgres, cluster = (json.loads((one.world / f"{n}.json").read_bytes()) for n in _PARTS)
    objects: dict[str, Any] = cluster["objects"]
    rotated = {one["state"]["username"] for path, one in vault["paths"].items() if "/static-roles/" in path}
    return Estate(
        one.git("rev-parse", f"{one.branch}^{{tree}}"),
        {key: vault[key] for key in ("kv", "mounts", "auth", "leases")} | {"paths": _given_back(vault)},
        {
            name: _login(role) | ({"password": ""} if name in rotated else {})
            for name, role in postgres["roles"].items()
        },
        postgres["databases"],
        {name: value["data"] for name, value in objects.items() if name.startswith("Secret/")},
        {name: value.get("spec") for name, value in objects.items() if not name.startswith(("Pod/", "Secret/"))},
    )


def _given_back(vault: dict[str, Any]) -> dict[str, Any]:
    """What was written to Vault, but for keys of Transit: they stay, since something may need them."""
    transit = tuple(f"{mount}/keys/" for mount, kind in vault["mounts"].items() if kind == "transit")
    return {path: _unrotated(one) for path, one in vault["paths"].items() if not path.startswith(transit or ("/",))}


def _unrotated(one: dict[str, Any]) -> dict[str, Any]:
    """What stands at a path of Vault, without the password that it changes by itself, and when that was."""
    if "last_vault_rotation" not in one["state"]:
        return one
    state = {key: value for key, value in one["state"].items() if key != "last_vault_rotation"}
    return {**one, "state": state, "password": ""}


_PARTS = ("vault", "postgres", "cluster")


def _login(role: dict[str, Any]) -> dict[str, Any]:
    """A login without the run's mark; a list that is empty and one that was never written are the same."""
    state = {key: value for key, value in role["state"].items() if value != []}
    return {**{key: value for key, value in role.items() if key != "mark"}, "state": state}


def _look(connections: Connections, plan: Plan) -> None:
    for step in plan.steps:
        connections.observer.observe(Target("cluster", "Deployment", step.unit))


def unsafe(one: Operator) -> list[str]:
    """Why the workload could not live here: pods not ready, or before the contract stage the old way closed."""
    where, run = here(one)
    if run is None:
        return []
    connections, plan = connect(where, run.loaded), run.loaded.plan
    answer = list[str]()
    if "NO," in (serving := connections.serving(plan)):
        answer.append(serving)
    if any(isinstance(run.run.steps.get(s.id), Done | Intended) for s in plan.steps if s.operation == "close-login"):
        return answer
    for step in plan.steps:
        if step.operation == "close-login":
            state = connections.observer.observe(step.change.target)
            if not isinstance(state, Doc) or mapping(state.value).get("login") is not True:
                answer.append(f"{step.change.target} may not log in")
    for gate in plan.gates:
        if gate.id.partition("@")[0] == "eso.owner":
            secret = Target("cluster", "Secret", dict(gate.about)["secret"])
            if isinstance(connections.observer.observe(secret), Absent):
                answer.append(f"{secret} is gone")
    return answer


def secrets(one: Operator) -> set[str]:
    """Every value of the world that nobody may read elsewhere, and every password that was made."""
    vault, postgres, cluster = (json.loads((one.world / f"{n}.json").read_bytes()) for n in _PARTS)
    values = [value for entry in vault["kv"].values() for value in entry.values()]
    values += [role["password"] for role in postgres["roles"].values() if role.get("password")]
    values += [
        value
        for name, thing in cluster["objects"].items()
        if name.startswith("Secret/")
        for value in thing["data"].values()
    ]
    values += vault.get("plain", [])  # what tables were born with, sealed or not
    return {str(value) for value in values if len(str(value)) >= _LONG} | one.made


def leaks(one: Operator, known: set[str]) -> list[str]:
    """Where a secret stands: printed, in the state folder, in the plan or in any version of the estate."""
    texts = {"output": "\n".join(one.heard), "history": one.git("log", "-p", "--all", "--format=%B")}
    texts |= {str(path): _text(path) for path in (one.plan, *one.state.rglob("*")) if path.is_file()}
    return [where for where, text in texts.items() if any(secret in text for secret in known)]


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")
