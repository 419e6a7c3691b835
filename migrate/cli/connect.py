"""The stores and the observer of a plan: Git as it is, and servers or the practice world that stands for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrate.model.errors import MigrateError, Refused
from migrate.model.ports import Observer, Store

if TYPE_CHECKING:
    from migrate.cli.place import Place
    from migrate.model.change import State
    from migrate.model.config import Config
    from migrate.model.plan import Gate, Plan
    from migrate.model.target import StoreName, Target
    from migrate.planning.loading import Loaded
    from migrate.stores.git.store import GitStore


@dataclass(frozen=True, slots=True)
class Connections:
    """Everything a run reads and writes, and what commands ask of it."""

    git: GitStore
    stores: Mapping[StoreName, Store]
    observer: Observer

    def insist_on(self, plan: Plan) -> None:
        """Return if these are the servers the plan was made for. Raises Refused naming the others, Unreachable."""
        for name, wanted in plan.places:
            found = next((store.identity() for key, store in self.stores.items() if key == name), wanted)
            if found != wanted:
                raise Refused(
                    f"{name} is not the one this plan was made for",
                    truth=f"the plan names {wanted}, here is {found}",
                    undone="nothing was written",
                    following="name the right one, or plan again here",
                )

    def blob(self, file: str) -> str | None:
        """Git's name of a file's content where the next commit would be made."""
        from migrate.model.change import Blobs, Change, Exact, FileEdit
        from migrate.model.target import Target

        edit = FileEdit(file, None, None, (), "")
        asked = Blobs(((file, None),))
        found = self.stores["git"].read(Change(Target("git", "File", file), asked, asked, Exact(), (), (edit,)))
        return dict(found.state.files).get(file) if isinstance(found.state, Blobs) else None

    def state(self, target: Target) -> State:
        """What a plan's fact reads now."""
        return self.observer.observe(target)

    def pods(self, plan: Plan) -> int | None:
        """How many pods the cutover replaces; None where that cannot be seen."""
        from migrate.model.change import Doc
        from migrate.model.json import mapping

        try:
            states = [self.observer.observe(workload) for workload in workloads(plan)]
        except MigrateError:
            return None
        counts = [mapping(state.value).get("replicas") for state in states if isinstance(state, Doc)]
        return sum(count for count in counts if isinstance(count, int)) or None

    def serving(self, plan: Plan) -> str:
        """Whether the plan's workloads are ready, in words. Raises Unreachable."""
        from migrate.model.change import Doc
        from migrate.model.json import mapping
        from migrate.model.target import Target

        words = list[str]()
        for workload in workloads(plan):
            state = self.observer.observe(workload)
            found = mapping(state.value) if isinstance(state, Doc) else {}
            ready, wanted = found.get("ready") or 0, found.get("replicas")
            said = "not there" if not found else f"{ready} of {wanted} pods ready"
            words.append(f"{'yes' if found and ready == wanted else 'NO'}, {workload.name}: {said}")
        health = self.observer.observe(Target("vault", "sys", "health"))
        if isinstance(health, Doc) and mapping(health.value).get("sealed") is True:
            words.append("Vault is SEALED: pods that start now wait")
        return "; ".join(words)


def workloads(plan: Plan) -> list[Target]:
    """The workloads whose state the steps belong to: as gates ask for them, since a release is called otherwise."""
    from migrate.checks.pods import workload
    from migrate.model.target import Target, parse_target

    units = dict.fromkeys(step.unit for step in plan.steps)
    asked = {gate.unit or plan.unit: dict(gate.about).get("deployment", "") for gate in plan.gates if _rolls_out(gate)}
    named = {unit: parse_target(workload(name)) for unit, name in asked.items() if name}
    return [named.get(unit, Target("cluster", "Deployment", unit)) for unit in units]


def _rolls_out(gate: Gate) -> bool:
    return gate.id.partition("@")[0] == "rollout.recreate-or-single"


@dataclass(frozen=True, slots=True)
class Observers:
    """One observer for all targets: each is asked of whom it belongs to."""

    git: GitStore
    servers: Observer

    def observe(self, target: Target) -> State:
        """The target as it is now. Raises Unreachable."""
        return self.git.observe(target) if target.store == "git" else self.servers.observe(target)


def connect(where: Place, loaded: Loaded, *, writes: bool = False) -> Connections:
    """The stores of a plan in a place; on servers, `writes` asks for a Vault token that is the operator's own.

    Raises Failed or Refused where they cannot be had, Unreachable.
    """
    from migrate.stores.git.store import git_store
    from migrate.stores.settings import settings_of

    settings, plan = settings_of(where.estate), loaded.plan
    git = git_store(str(where.estate), plan, loaded.name, loaded.digest, settings.git, plan.deployed)
    if where.world is not None:
        return _in_world(git, where, plan)
    return _on_servers(git, where, settings, plan, writes=writes)


def _in_world(git: GitStore, where: Place, plan: Plan) -> Connections:
    from migrate.stores.practice import practice

    assert where.world is not None
    world = practice(where.world, where.estate, plan.deployed, make=False)
    servers: tuple[StoreName, ...] = ("vault", "postgres", "cluster")
    stores: dict[StoreName, Store] = {"git": git, **{name: world.on(name) for name in servers}}
    return Connections(git, stores, Observers(git, world))


def _on_servers(git: GitStore, where: Place, settings: Config, plan: Plan, *, writes: bool) -> Connections:
    from migrate.cli.live import opened

    rehearsal = where.rehearsal
    servers = opened(where.estate, rehearsal.settings(settings) if rehearsal else settings)
    if writes:
        servers.insist_on_writing()
    found = rehearsal.standing_in(servers.stores, plan) if rehearsal else servers.stores
    stores: dict[StoreName, Store] = {"git": git, **found}
    return Connections(git, stores, Observers(git, servers.observer))
