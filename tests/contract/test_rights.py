"""The policies of the tool's own tokens: enough for a run there and back, and for nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from migrate.grants.lint import Conventions, findings
from migrate.grants.reading import read_policy
from migrate.model.change import Absent, Doc
from migrate.model.config import Config
from migrate.model.json import Json, mapping
from migrate.model.ports import Denied, Unreachable, Written
from migrate.model.target import Target
from migrate.planning.rights import apply_policy, plan_policy, rotate_policy
from migrate.stores.vault.api import Api
from migrate.stores.vault.observer import VaultObserver
from migrate.stores.vault.store import VaultStore
from migrate.targets.vault import body, grant
from tests.contract.bench import KINDS, Bench
from tests.contract.servers import ROOT, Servers

pytestmark = pytest.mark.lab(level="vault")

PLAN = "phase1-0000"
"""What the bench calls its plan."""


@dataclass
class Rights:
    """The bench with the plan's own token in place of the root's."""

    bench: Bench
    root: Api
    token: Api

    def path(self, kind: str) -> str:
        return self.bench.step(kind).change.target.path

    def wanted(self, kind: str) -> dict[str, Json]:
        change = self.bench.step(kind).change
        assert isinstance(change.after, Doc)
        return body(change.target, change.after.value)


@pytest.fixture
def rights(real: Bench, servers: Servers) -> Rights:
    root = Api(servers.vault, servers.ca, lambda: ROOT)
    api = bearing(root, apply_policy(real.plan, PLAN))
    return Rights(replace(real, stores={**real.stores, "vault": VaultStore(api)}, left=real.left), root, api)


def bearing(root: Api, *policies: str) -> Api:
    """Vault asked with a token that has these policies, and not even the default one."""
    names = [f"tool-{number}" for number, _ in enumerate(policies)]
    for name, text in zip(names, policies, strict=True):
        assert root.ask("put", f"sys/policies/acl/{name}", {"policy": text}).ok
    asked = {"policies": names, "no_default_policy": True, "no_parent": True, "ttl": "5m"}
    return root.bearing(str(root.ask("post", "auth/token/create", asked).auth["client_token"]))


def test_the_policy_of_a_plan_is_enough_for_its_steps_and_their_undo(rights: Rights) -> None:
    for kind in (*KINDS, "longer-rotation"):
        rights.bench.take(rights.bench.step(kind))
    assert rights.token.look("auth/token/lookup-self").ok
    while rights.bench.left:
        step, last = rights.bench.left.pop()
        assert isinstance(rights.bench.back(step, last), Written), step.id
    for kind in KINDS:
        assert isinstance(rights.bench.read(rights.bench.step(kind)).state, Absent)


def test_the_policy_of_a_plan_lets_nobody_write_what_the_plan_does_not_say(rights: Rights) -> None:
    everything = 'path "*" { capabilities = ["sudo", "read", "update"] }'
    policy, role, connection = (rights.path(kind) for kind in ("vault-policy", "jwt-role", "database-connection"))
    own, login, link = (rights.wanted(kind) for kind in ("vault-policy", "jwt-role", "database-connection"))
    refused: list[tuple[str, dict[str, Json]]] = [
        (policy, {"policy": everything}),
        (policy, {"policy": f"{own['policy']}\n{everything}"}),
        (policy, {"policy": f"{everything}\n{own['policy']}"}),
        ("sys/policies/acl/mig-other", own),
        ("sys/policy/" + policy.rpartition("/")[2], {"policy": everything}),
        ("sys/policies/acl/tool-0", {"policy": everything}),
        (role, {**login, "token_policies": ["root"]}),
        (role, {**login, "token_policies": [*_texts(login["token_policies"]), "tool-0"]}),
        (role, {**login, "policies": ["tool-0"]}),
        (role, {**login, "bound_subject": "system:serviceaccount:default:default"}),
        (role, {**login, "bound_claims": {"/kubernetes.io/namespace": "default"}}),
        (role, {**login, "bound_audiences": ["anybody"]}),
        (role, {**login, "token_bound_cidrs": ["0.0.0.0/0"]}),
        (role + "-other", login),
        (connection, {**link, "password": "x", "connection_url": "postgresql://{{username}}:{{password}}@evil/x"}),
        (connection, {**link, "password": "x", "allowed_roles": ["*"]}),
        (connection, {**link, "password": "x", "root_rotation_statements": ["DROP"]}),
        (rights.path("static-role"), {**rights.wanted("static-role"), "username": "postgres"}),
        (rights.path("static-role"), {**rights.wanted("static-role"), "rotation_statements": ["SELECT 1"]}),
        ("database/rotate-role/" + rights.path("static-role").rpartition("/")[2], {}),
        ("database/rotate-root/" + connection.rpartition("/")[2], {}),
        ("auth/token/create", {"policies": ["root"]}),
        ("auth/token/create", {}),
        ("sys/mounts/more", {"type": "kv"}),
        ("sys/seal", {}),
    ]
    assert [path for path, said in refused if rights.token.ask("post", path, dict(said)).status != 403] == []


def test_the_policy_of_a_plan_shows_no_password(rights: Rights) -> None:
    name = rights.path("static-role").rpartition("/")[2]
    for path in (f"database/static-creds/{name}", f"database/creds/{name}", "sys/raw/x", "secret/data/x"):
        assert rights.token.look(path).status == 403
    for path in ("sys/policies/acl", "auth", "sys/auth"):
        assert rights.token.look(path, "list").status == 403


def test_what_is_fixed_to_the_letter_is_accepted_letter_for_letter(rights: Rights) -> None:
    """Else the refusals above would prove nothing but that the policy allows nothing."""
    rights.bench.stand("vault-policy")
    found = rights.bench.take(rights.bench.step("vault-policy"))
    assert isinstance(found.state, Doc)
    assert mapping(found.state.value)["policy"] == rights.wanted("vault-policy")["policy"]


def test_rotating_by_hand_is_a_grant_of_its_own(rights: Rights) -> None:
    for kind in KINDS:
        rights.bench.take(rights.bench.step(kind))
    path = "database/rotate-role/" + rights.path("static-role").rpartition("/")[2]
    text = rotate_policy(rights.bench.plan, PLAN)
    assert text is not None
    assert rights.token.ask("post", path).status == 403
    rotating = bearing(rights.root, text)
    assert rotating.ask("post", path).ok
    assert rotating.look(rights.path("static-role")).status == 403


def test_the_policy_for_planning_sees_what_stands_there_and_writes_nothing(real: Bench, servers: Servers) -> None:
    root = Api(servers.vault, servers.ca, lambda: ROOT)
    auth = real.step("jwt-role").change.target.kind.split("/")[1]
    api = bearing(root, plan_policy(Config(), auth))
    for kind in KINDS:
        real.take(real.step(kind))
    looking = replace(real, stores={**real.stores, "vault": VaultStore(api)})
    for kind in KINDS:
        step = looking.step(kind)
        assert isinstance(looking.read(step).state, Doc)
        if step.change.target.store == "vault":
            for method in ("post", "put", "delete"):
                assert api.ask(method, step.change.target.path, {}).status == 403
    name = real.step("static-role").change.target.name
    for path in (f"database/static-creds/{name}", "secret/data/x", "sys/policies/acl/root", "auth/token/create"):
        assert api.look(path).status == 403


def test_a_refusal_names_the_very_line_that_allows_it(real: Bench, servers: Servers) -> None:
    root = Api(servers.vault, servers.ca, lambda: ROOT)
    step = real.stand("vault-policy")
    reads = grant(step.change.target.path, "read")
    may_read = replace(real, stores={"vault": VaultStore(bearing(root, reads))})
    denied = may_read.write(step)
    assert isinstance(denied, Denied)
    assert denied.right
    granted = bearing(root, reads, denied.following.removeprefix("grant it: "))
    replace(real, stores={"vault": VaultStore(granted)}).take(step)

    nobody = VaultObserver(bearing(root, reads), lambda: datetime.now(UTC))
    leases = Target("vault", "leases/database/creds", "mig-none")
    with pytest.raises(Unreachable) as refused:
        nobody.observe(leases)
    line = refused.value.following.removeprefix("grant it: ")
    allowed = VaultObserver(bearing(root, line), lambda: datetime.now(UTC))
    assert allowed.observe(leases) == Doc({"count": 0})


def test_where_a_policy_has_sudo_vault_refuses_without_it(servers: Servers) -> None:
    root = Api(servers.vault, servers.ca, lambda: ROOT)
    leases, lent = "sys/leases/lookup/database/creds/mig-none", "auth/token/create"
    without = bearing(root, grant(f"{leases}/", "list"), grant(lent, "update"))
    assert without.look(leases, "list").status == 403
    assert not without.ask("post", lent, {"policies": ["mig-other"]}).ok
    having = bearing(root, grant(f"{leases}/", "list", "sudo"), grant(lent, "update", "sudo"))
    assert having.look(leases, "list").status == 404
    assert having.ask("post", lent, {"policies": ["mig-other"]}).ok


def test_our_own_policies_have_no_findings(real: Bench) -> None:
    texts = {
        "migrate-plan": plan_policy(Config(), "jwt", ["secret/data/b"]),
        "migrate-apply-x": apply_policy(real.plan, PLAN, ["a/data/b"]),
    }
    texts["migrate-rotate-x"] = rotate_policy(real.plan, PLAN) or ""
    for name, text in texts.items():
        assert findings(read_policy(name, text), Conventions()) == []


def _texts(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
