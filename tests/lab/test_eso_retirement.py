"""What becomes of a Secret when its ExternalSecret is retired, asked of the real operator in each version the lab has.

"Kept" is only believed behind a barrier: an ExternalSecret that is retired after the one in question, and whose Secret
the garbage collector has taken, so that it has been past the other one too. It hears of each kind on a line of its own,
so the barrier is of the same kind. "Lost" needs none: it comes, late where the collector has to try again.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrate.checks.answer import Answer, Pass, Question
from migrate.checks.catalogue import CHECKS
from migrate.engine.settle import Applied, NotApplied, settle
from migrate.lab import controllers, down, ports, vault
from migrate.lab.levels import Level
from migrate.model.change import Change, Doc, Exact, inverted
from migrate.model.ports import Conflict, Move, Outcome, Secrets, Written
from migrate.model.target import Target
from migrate.stores.cluster.api import Api
from migrate.stores.cluster.observer import ClusterObserver
from migrate.stores.cluster.store import ClusterStore
from tests.labworld import Lab, start, until

pytestmark = [pytest.mark.lab(level="control"), pytest.mark.timeout(600)]
_MERGE = "application/merge-patch+json"
_LEAVES_REFERENCES = {"v0.10.3"}
"""Versions in which `creationPolicy: Orphan` makes no new owner reference and takes none back."""


class Operator:
    """External Secrets Operator of one version at work on one Vault."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        found = lab.api.ask("GET", "/apis/external-secrets.io")
        self.version = str(found["preferredVersion"]["groupVersion"])
        self.namespace = f"t-{uuid.uuid4().hex[:8]}"
        lab.api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        lab.vault.ask("POST", "/v1/secret/data/app", {"data": {"password": "value-of-a-test"}})
        self._store()

    def make(self, name: str, **spec: Any) -> None:
        """An ExternalSecret with a Secret of its own, filled."""
        self._asked_for(name, **spec)
        until(f"Secret {name}", lambda: self.secret(name))

    def _asked_for(self, name: str, **spec: Any) -> Any:
        wanted = {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": "lab"},
            "target": {"name": name, "creationPolicy": "Owner"},
            "data": [{"secretKey": "password", "remoteRef": {"key": "app", "property": "password"}}],
            **spec,
        }
        body = {"apiVersion": self.version, "kind": "ExternalSecret", "metadata": {"name": name}, "spec": wanted}
        return self.lab.api.ask("POST", self._path(), body)

    def secret(self, name: str) -> Any:
        """The Secret; None where there is none, or one on its way out."""
        return self.lab.get(f"/api/v1/namespaces/{self.namespace}/secrets/{name}")

    def owned(self, name: str) -> bool:
        """Whether the Secret would go with its ExternalSecret."""
        return bool(self.secret(name)["metadata"].get("ownerReferences"))

    def patch(self, name: str, **spec: Any) -> None:
        """Change the ExternalSecret."""
        self.lab.api.ask("PATCH", self._path(name), {"spec": spec}, kind=_MERGE)

    def release(self, name: str) -> None:
        """Take the Secret's owner references away, as a person with kubectl would."""
        path = f"/api/v1/namespaces/{self.namespace}/secrets/{name}"
        self.lab.api.ask("PATCH", path, {"metadata": {"ownerReferences": None}}, kind=_MERGE)

    def refresh(self, name: str) -> None:
        """Have the operator work on the ExternalSecret once more; returns when it has."""
        before = self.lab.get(self._path(name))["status"]["refreshTime"]
        until("another second", lambda: datetime.now(UTC) > datetime.fromisoformat(before) + timedelta(seconds=1))
        annotations = {"force-sync": uuid.uuid4().hex}
        self.lab.api.ask("PATCH", self._path(name), {"metadata": {"annotations": annotations}}, kind=_MERGE)
        until("a refresh", lambda: self.lab.get(self._path(name))["status"]["refreshTime"] != before)

    def reason(self, name: str) -> str:
        """Why the ExternalSecret is as ready as it is."""
        conditions = self.lab.get(self._path(name)).get("status", {}).get("conditions") or [{}]
        return str(conditions[0].get("reason"))

    def delete(self, name: str, policy: str = "Background") -> None:
        """Delete the ExternalSecret; returns when it is gone."""
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy}
        self.lab.api.ask("DELETE", self._path(name), options)
        until("the deletion", lambda: self.lab.get(self._path(name)) is None)

    def survives(self, name: str) -> bool:
        """Whether a Secret is still there once the garbage collector has been past it."""
        barrier = f"barrier-{uuid.uuid4().hex[:6]}"
        made = self._asked_for(barrier, target={"creationPolicy": "None"}, refreshInterval="0")
        reference = {"apiVersion": self.version, "kind": "ExternalSecret", "name": barrier}
        metadata = {"name": barrier, "ownerReferences": [{**reference, "uid": made["metadata"]["uid"]}]}
        self.lab.api.ask("POST", f"/api/v1/namespaces/{self.namespace}/secrets", {"metadata": metadata})
        self.delete(barrier)
        until("the garbage collector", lambda: self.secret(barrier) is None)
        return self.secret(name) is not None

    def loses(self, name: str) -> bool:
        """Returns when a Secret is gone; fails where it stays."""
        return bool(until(f"the loss of Secret {name}", lambda: self.secret(name) is None))

    def store(self) -> ClusterStore:
        """The cluster as a run writes to it."""
        return ClusterStore(self._reach())

    def _reach(self) -> Api:
        return Api(kubeconfig=str(self.lab.world.credential("admin.kubeconfig")))

    def disowning(self, name: str) -> Change:
        """The plan's step for it."""
        owner, target = f"ExternalSecret/{name}", Target("cluster", "SecretOwners", f"{self.namespace}/{name}")
        return Change(target, Doc({owner: True}), Doc({owner: None}), Exact())

    def acted(self, name: str) -> Answer:
        """What the gate before the step says."""
        question = Question({"external_secret": f"{self.namespace}/{name}"}, datetime.now(UTC))
        return CHECKS["eso.orphaned"].ask(ClusterObserver(self._reach()), question)

    def has_seen_everything(self) -> None:
        """Returns when the operator has worked on something that came after all before it."""
        self.make(f"later-{uuid.uuid4().hex[:6]}")

    def _path(self, name: str = "") -> str:
        path = f"/apis/{self.version}/namespaces/{self.namespace}/externalsecrets"
        return f"{path}/{name}" if name else path

    def _store(self) -> None:
        world = self.lab.world
        token = base64.b64encode(world.credential("eso-token").read_bytes()).decode()
        secret = {"metadata": {"name": "eso-token"}, "data": {"token": token}}
        self.lab.api.ask("POST", f"/api/v1/namespaces/{self.namespace}/secrets", secret)
        reference = {"namespace": self.namespace, "name": "eso-token", "key": "token"}
        provider = {
            "server": world.url(ports.VAULT),
            "path": "secret",
            "version": "v2",
            "caBundle": base64.b64encode(world.credential("ca.crt").read_bytes()).decode(),
            "auth": {"tokenSecretRef": reference},
        }
        self.lab.api.ask(
            "POST",
            f"/apis/{self.version}/clustersecretstores",
            {
                "apiVersion": self.version,
                "kind": "ClusterSecretStore",
                "metadata": {"name": "lab"},
                "spec": {"provider": {"vault": provider}},
            },
        )


@pytest.fixture(scope="module", params=controllers.ESO_VERSIONS)
def operator(request: pytest.FixtureRequest, labs_home: object, labs_level: Level) -> Iterator[Operator]:
    if not labs_level.holds(Level.CONTROL):
        pytest.skip(f"this machine has a lab of level {labs_level} at most")
    del labs_home
    made = start("eso", None, Level.CONTROL, request.param)
    try:
        yield Operator(made)
    finally:
        down.down(made.world)


@pytest.fixture
def name() -> str:
    return f"app-{uuid.uuid4().hex[:6]}"


def test_an_orphaned_secret_is_kept_even_where_the_policy_says_delete(operator: Operator, name: str) -> None:
    if operator.lab.world.eso in _LEAVES_REFERENCES:
        pytest.skip("this version never takes the reference back: the next test says what that means")
    operator.make(name, target={"name": name, "creationPolicy": "Owner", "deletionPolicy": "Delete"})
    operator.patch(name, target={"creationPolicy": "Orphan"})
    until("the owner reference to go", lambda: not operator.owned(name))
    operator.delete(name)
    assert operator.survives(name)


def test_an_old_operator_leaves_the_reference_of_an_orphaned_secret_and_it_is_lost(
    operator: Operator, name: str
) -> None:
    if operator.lab.world.eso not in _LEAVES_REFERENCES:
        pytest.skip("this version takes the reference back: the test before says so")
    operator.make(name)
    operator.patch(name, target={"creationPolicy": "Orphan"})
    operator.has_seen_everything()
    assert operator.owned(name)
    operator.delete(name)
    assert operator.loses(name)


def test_a_reference_removed_by_hand_stays_away_once_the_policy_is_orphan(operator: Operator, name: str) -> None:
    operator.make(name)
    operator.patch(name, target={"creationPolicy": "Orphan"})
    operator.has_seen_everything()
    operator.release(name)
    operator.refresh(name)
    assert not operator.owned(name)
    operator.delete(name)
    assert operator.survives(name)


def test_the_step_between_the_two_commits_keeps_the_secret_in_every_version(operator: Operator, name: str) -> None:
    """What a plan does: wait until ESO has acted on Orphan, take off what it left, and only then let it be removed."""
    store, change = operator.store(), operator.disowning(name)
    operator.make(name)
    assert isinstance(settle(change, store.read(change).state), NotApplied)
    operator.patch(name, target={"creationPolicy": "Orphan"})
    until("ESO to act on it", lambda: isinstance(operator.acted(name), Pass))
    if operator.lab.world.eso in _LEAVES_REFERENCES:
        assert take(store, change) == Written()
    assert isinstance(settle(change, store.read(change).state), Applied)
    operator.refresh(name)
    assert not operator.owned(name)
    operator.delete(name)
    assert operator.survives(name)
    assert take(store, inverted(change)) == Written(Doc({})), "nobody lives whose it could be"
    assert not operator.owned(name)


def test_taken_back_before_the_removal_the_old_owner_has_its_secret_again(operator: Operator, name: str) -> None:
    if operator.lab.world.eso not in _LEAVES_REFERENCES:
        pytest.skip("this version takes the reference off by itself, so the step never did and is not taken back")
    store, change = operator.store(), operator.disowning(name)
    operator.make(name)
    before = operator.secret(name)["metadata"]["ownerReferences"]
    operator.patch(name, target={"creationPolicy": "Orphan"})
    until("ESO to act on it", lambda: isinstance(operator.acted(name), Pass))
    assert take(store, change) == Written()
    assert take(store, inverted(change)) == Written()
    assert operator.secret(name)["metadata"]["ownerReferences"] == before
    operator.delete(name)
    assert operator.loses(name)


def test_a_secret_that_somebody_else_owns_by_now_is_not_patched(operator: Operator, name: str) -> None:
    store, change = operator.store(), operator.disowning(name)
    operator.make(name)
    seen = store.read(change)
    operator.release(name)
    assert isinstance(store.write(moved(change), seen, Secrets()), Conflict)


def moved(change: Change) -> Move:
    return Move("run-1", "phase1-0000", "0" * 64, "contract.disown-secret", "forward", "", change)


def take(store: ClusterStore, change: Change) -> Outcome:
    return store.write(moved(change), store.read(change), Secrets())


def test_orphaning_while_vault_is_sealed_does_nothing_and_the_secret_is_lost(operator: Operator, name: str) -> None:
    operator.make(name)
    operator.lab.vault.ask("PUT", "/v1/sys/seal")
    try:
        operator.patch(name, target={"creationPolicy": "Orphan"})
        until("the operator to fail", lambda: operator.reason(name) == "SecretSyncedError")
        assert operator.owned(name)
        operator.delete(name)
        assert operator.loses(name)
    finally:
        vault.unseal(operator.lab.world)


def test_with_a_refresh_interval_of_zero_orphan_is_ignored_and_the_secret_is_lost(
    operator: Operator, name: str
) -> None:
    operator.make(name, refreshInterval="0")
    operator.has_seen_everything()  # else the first sync may still be on its way, and heeds the new policy
    operator.patch(name, target={"creationPolicy": "Orphan"})
    operator.has_seen_everything()
    assert operator.owned(name)
    operator.delete(name)
    assert operator.loses(name)


def test_deleted_as_it_is_the_secret_is_lost_even_where_the_policy_says_retain(operator: Operator, name: str) -> None:
    operator.make(name, target={"name": name, "creationPolicy": "Owner", "deletionPolicy": "Retain"})
    operator.delete(name)
    assert operator.loses(name)


def test_deleted_without_its_dependents_the_secret_is_kept(operator: Operator, name: str) -> None:
    operator.make(name)
    operator.delete(name, policy="Orphan")
    assert operator.survives(name)


def test_another_target_name_takes_the_old_secret_away(operator: Operator, name: str) -> None:
    operator.make(name)
    operator.patch(name, target={"name": f"{name}-new"})
    until("the new Secret", lambda: operator.secret(f"{name}-new"))
    until("the old Secret to go", lambda: operator.secret(name) is None)
    operator.delete(name)
