"""What a run costs above its requests: steps against a real Vault and a real API server, beside the bare calls.

Both sides in one run and by turns, on the same servers: the engine with its journal, its guards and its read-backs; and
a loop of hvac's and kubernetes' own calls that reads, reads again as the guard does, writes and reads back. Then a
preflight of a hundred workloads beside the checks of one of them, one after the other, where every answer takes 20 ms.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import hvac
from kubernetes import client, config

from benchmarks.journal import timed
from migrate.checks.catalogue import check_for
from migrate.engine.asking import Asker
from migrate.engine.ending import Completed
from migrate.engine.examining import examined
from migrate.engine.fold import fold
from migrate.engine.inputs import Inputs
from migrate.engine.recorder import Recorder
from migrate.engine.run import Engine
from migrate.engine.writing import Writer
from migrate.model.change import Absent, Change, Doc, Exact, State
from migrate.model.errors import MigrateError
from migrate.model.plan import Gate, Plan, Provenance, Step
from migrate.model.ports import Store
from migrate.model.target import StoreName, Target
from migrate.stores.cluster.api import Api as Cluster
from migrate.stores.cluster.store import RESTARTED, ClusterStore
from migrate.stores.journal import Journal
from migrate.stores.vault.api import Api as Vault
from migrate.stores.vault.store import VaultStore
from tests.contract.cluster import cluster
from tests.contract.servers import ROOT, vault
from tests.stores.practice.worlds import scene

POLICIES, WORKLOADS, ROUNDS = 60, 30, 5
ABREAST, LATENCY = 100, 0.02
AIM, AIM_ABREAST = 1.3, 1.5
TEXT = 'path "secret/data/{name}" {{\n  capabilities = ["read"]\n}}\n'


def plan_of(round_: int) -> Plan:
    """Policies that are made, and workloads that are replaced: what a run asks of Vault and of the cluster."""
    policies = [_policy(f"bench-{round_}-{number}") for number in range(POLICIES)]
    restarts = [_restart(number, f"2026-01-01T00:00:{round_:02}Z") for number in range(WORKLOADS)]
    return Plan("bench", "live", None, False, "b/b", "static", (), (*policies, *restarts), (), (), (), (), (), ())


def _policy(name: str) -> Step:
    change = Change(Target("vault", "policy", name), Absent(), Doc({"policy": TEXT.format(name=name)}), Exact())
    return _step(name, change)


def _restart(number: int, since: str) -> Step:
    change = Change(Target("cluster", "Deployment", f"b/w{number}"), Doc({}), Doc({"restartedAt": since}), Exact())
    return _step(f"w{number}", change)


def _step(name: str, change: Change) -> Step:
    return Step(f"expand.{name}", "b/b", "expand", "x", "", change, "", (), "", Provenance("", None, ()), ())


def applied(plan: Plan, stores: Mapping[StoreName, Store], path: Path) -> float:
    """Seconds in which the engine takes the plan's steps."""
    journal = Journal(path, lambda: datetime.now(UTC))
    recorder = Recorder(fold(()), journal.append, lambda event: None)
    opening = {"run": "r", "plan": "p", "digest": "d", "phase": "bench", "mode": "live", "who": "bench"}
    for kind, data in (("run.opened", opening), ("run.approved", {"stages": ["expand"]})):
        recorder.note(kind, **data)
    writer = Writer((plan, "bench", "0"), stores, Inputs(lambda: "x"), recorder, lambda: None)
    engine = Engine(
        plan, recorder, writer, Asker(check_for, _Nothing(), recorder, lambda: datetime.now(UTC)),
        stopping=lambda: False, heed=lambda: None, consent=bool,
    )  # fmt: skip
    spent = timed(lambda: _completed(engine))
    journal.close()
    return spent


def _completed(engine: Engine) -> None:
    assert isinstance(engine.drive(), Completed)


class _Nothing:
    def observe(self, target: Target) -> State:
        """No gate asks."""
        raise AssertionError(target)


def bare(vault_: hvac.Client, apps: client.AppsV1Api, round_: int) -> float:
    """Seconds in which the same is asked of the same servers by their own clients."""

    def loop() -> None:
        for number in range(POLICIES):
            name = f"bare-{round_}-{number}"
            path = f"sys/policies/acl/{name}"
            for _ in range(2):
                vault_.read(path)
            vault_.write_data(path, data={"policy": TEXT.format(name=name)})
            assert vault_.read(path)["data"]["policy"]
        for number in range(WORKLOADS):
            _replaced(apps, f"w{number}", f"2026-01-02T00:00:{round_:02}Z")

    return timed(loop)


def _replaced(apps: client.AppsV1Api, name: str, since: str) -> None:
    def look() -> str:
        found = apps.read_namespaced_deployment(name, "b")
        return str(found.metadata.resource_version) if found.metadata else ""

    version = [look() for _ in range(2)][-1]
    key = f"/spec/template/metadata/annotations/{RESTARTED.replace('/', '~1')}"
    patch = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "add", "path": key, "value": since},
    ]
    apps.patch_namespaced_deployment(name, "b", patch)
    look()


def steps_per_second(folder: Path) -> float:
    """Print both sides; how many times slower the engine is."""
    with vault(folder) as (address, _, ca, _), cluster(folder) as found:
        ours, raw = Vault(address, ca, lambda: ROOT), hvac.Client(url=address, token=ROOT, verify=ca)
        kube = found.api()
        _workloads(kube)
        config.load_kube_config(str(found.kubeconfig), context="admin")  # type: ignore[no-untyped-call]
        stores: dict[StoreName, Store] = {"vault": VaultStore(ours), "cluster": ClusterStore(kube)}
        engine, loop = list[float](), list[float]()
        for round_ in range(ROUNDS):
            loop.append(bare(raw, client.AppsV1Api(), round_))
            engine.append(applied(plan_of(round_), stores, folder / f"journal-{round_}.jsonl"))
    steps = POLICIES + WORKLOADS
    for name, spent in (("bare calls", loop), ("apply", engine)):
        print(f"{name:12} {steps} steps: median {median(spent):6.3f} s, {steps / median(spent):6.1f} steps a second")
    return median(one / other for one, other in zip(engine, loop, strict=True))


def _workloads(kube: Cluster) -> None:
    kube.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "b"}})
    for number in range(WORKLOADS):
        labels = {"app": f"w{number}"}
        template = {
            "metadata": {"labels": labels, "annotations": {"a": "b"}},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        }
        spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": f"w{number}"}, "spec": spec}
        assert kube.ask("POST", "/apis/apps/v1/namespaces/b/deployments", body).ok


class Far:
    """A world whose every answer is known here, and takes its time, as over a tailnet."""

    def __init__(self, observe: Callable[[Target], State]) -> None:
        self._observe, self._known = observe, dict[Target, State | MigrateError]()

    def learn(self, target: Target) -> State | MigrateError:
        """The answer, at once."""
        if target not in self._known:
            try:
                self._known[target] = self._observe(target)
            except MigrateError as error:
                self._known[target] = error
        return self._known[target]

    def observe(self, target: Target) -> State:
        """The answer, late."""
        found = self.learn(target)
        time.sleep(LATENCY)
        if isinstance(found, MigrateError):
            raise found
        return found


def preflight(folder: Path) -> float:
    """Print both sides; how many times longer a hundred workloads take than the slowest chain of one."""
    made = scene(folder)
    plan, far = made.plan(), Far(made.world.observe)
    plan = replace(plan, gates=tuple(replace(gate, before="expand") for gate in plan.gates if _asks(gate)))
    many = replace(
        plan,
        gates=tuple(_of(gate, number) for number in range(ABREAST) for gate in plan.gates),
        steps=tuple(replace(plan.steps[0], id=f"x@b/w{number}", unit=f"b/w{number}") for number in range(ABREAST)),
    )

    def now() -> datetime:
        return datetime.now(UTC)

    def asked(*plans: Plan) -> None:
        for one in plans:
            examined(one, far, check_for, now)

    asked(plan)  # once, so that no answer has to be thought of any more
    chain = timed(lambda: asked(*(replace(plan, gates=(gate,)) for gate in plan.gates)))
    spent = timed(lambda: asked(many))
    print(f"preflight    {len(plan.gates)} gates of one workload, one after the other: {chain:6.3f} s")
    print(f"preflight    {len(many.gates)} gates of {ABREAST} workloads, side by side: {spent:6.3f} s")
    return spent / chain


def _asks(gate: Gate) -> bool:
    """Whether a preflight asks it: on the way forward, and not about what a run committed."""
    return gate.way == "forward" and not gate.id.startswith("gitops.applied")


def _of(gate: Gate, number: int) -> Gate:
    return replace(gate, id=f"{gate.id}@b/w{number}", before="expand", way="forward")


def main() -> None:
    """Print both sides of both, and whether the aims are met."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        ratio = steps_per_second(folder)
        print(f"apply is {ratio:4.2f} times as long as the bare calls (aim: {AIM})")
        ratio = preflight(folder)
        print(f"{ABREAST} workloads are {ratio:4.2f} times as long as one chain (aim: {AIM_ABREAST})")


if __name__ == "__main__":
    main()
