"""Each check passes, fails and waits for the reasons it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import urlencode

import pytest

from migrate.checks.answer import Fail, Inconclusive, Pass
from migrate.checks.catalogue import CHECKS
from migrate.model.json import Json, canonical, mapping
from tests.checks import certificates, sealed_cases
from tests.checks.looking import ABOUT, EARLIER, LATER, SINCE, Case, ask

Shown: TypeAlias = Mapping[str, Json]

POD: dict[str, Json] = {
    "name": "grafana-1",
    "address": "10.0.0.1",
    "started": LATER,
    "ready": True,
    "agent": True,
    "role": "mig-watch-grafana",
    "deleting": False,
    "waiting": "",
}
ROLLED: dict[str, Json] = {"replicas": 1, "updated": 1, "ready": 1, "account": "grafana", "pods": [POD]}
RELEASE: dict[str, Json] = {"ready": True, "suspended": False, "failed": False, "generation": 2, "observed": 2}
FLUX: dict[str, Json] = {"ready": True, "suspended": False, "applied": "abcdef0123456789"}
SECRET: dict[str, Json] = {"uid": "1", "owners": [], "keys": ["password"], "immutable": False, "synced": True}
EXTERNAL: dict[str, Json] = {"uid": "2", "ready": True, "creationPolicy": "Orphan", "generation": 2, "handled": 2}
ROLE: dict[str, Json] = {"rotation_period": 7200, "last_vault_rotation": LATER, "ttl": 100, "username": "boards_vault"}
NONE: dict[str, Json] = {"count": 0, "clients": []}
ONE: dict[str, Json] = {"count": 1, "clients": ["10.0.0.9"], "newest": LATER, "oldest": EARLIER}
HEALTH: dict[str, Json] = {"initialized": True, "sealed": False, "version": "1.21.0", "cluster": "c", "trusted": True}
ENDPOINT: dict[str, Json] = {
    "reachable": True,
    "tls": True,
    "trusted": True,
    "names": ["pg.example"],
}
HOOK: dict[str, Json] = {"served": True, "failurePolicy": "Ignore", "caTrusted": True, "covers": "*"}
RUN: dict[str, Json] = {"allowed": True, "message": "", "agent": True, "variables": ["A__FILE", "B"]}
LOGIN: dict[str, Json] = {"allowed": True, "policies": ["default", "mig-watch-grafana"]}

VAULT, SERVER = "vault:sys/health", "postgres:server"
ENDPOINT_AT, HBA, VERSION = "postgres:endpoint/pg.example:5432", f"{SERVER}/hba", f"{SERVER}/settings"
DEPLOYMENT, RELEASED = "cluster:Deployment/watch/grafana", "cluster:HelmRelease/watch/stack"
SECRET_AT, EXTERNAL_AT = "cluster:Secret/watch/login", "cluster:ExternalSecret/watch/login"
STATIC, NEW, OLD = (
    "vault:database/static-roles/mig-boards",
    "postgres:sessions/boards_vault",
    "postgres:sessions/boards",
)
OWNER, POLICY = "postgres:role/boards", "vault:policy/mig-watch-grafana"
VAULTS, REACH = "postgres:sessions/boards_vault_admin", "vault:database/reach/mig-boards-pg"
HOST = "vault:sys/host"
VERSIONS, PINNED = "vault:versions/kv/data/boards", dict[str, Json]({"version": 3, "written": EARLIER})
CYCLE: dict[str, Json] = {"issued": True, "current": "boards", "owner": "boards", "left": []}
_OWN = "Deployment watch/grafana"
SHARED: dict[str, Json] = {"ConfigMap watch/c": [_OWN, "StatefulSet watch/other"]}
CONFIGURED: dict[str, Json] = {
    "changed": ["ConfigMap watch/c", _OWN], "by": "x", "usedBy": {"ConfigMap watch/c": [_OWN]}
}  # fmt: skip
ROOM = "cluster:Room/watch/grafana?{}"
ROOMY: dict[str, Json] = {
    "pod": {"cpu": 100, "memory": 100},
    "free": {"a": {"cpu": 500, "memory": 1000}, "b": {"cpu": 50, "memory": 5000}},
    "ours": [{"node": "a", "cpu": 200, "memory": 100}],
    "surge": 1,
    "budgets": [],
}
DRY, RENDERED = "cluster:DryRun/watch/grafana?{}", "cluster:Rendered/watch/stack?[]"
_ASKED = ("account", "account_comes", "audience", "copies", "namespace", "pod", "policy")
AGENT = "cluster:AgentFiles/watch/grafana?" + canonical({name: ABOUT[name] for name in _ASKED}).decode()
WRITES: dict[str, Json] = {"files": ["/a", "/b"], "differing": [], "unseen": [], "blank": [], "by": "the agent"}
OPERATOR, CONSUMERS = "cluster:DatabaseOperator/boards_vault", "cluster:Consumers/watch/login"
LEASES, WEBHOOK, OWNERSHIP = "vault:leases/" + ABOUT["path"], "cluster:Webhook/injector", "postgres:ownership/boards"
FLUX_AT = "cluster:Kustomization/flux-system/apps"
_AS = {"role": "auth/jwt/role/mig-watch-grafana", "audience": "https://vault.example"}
LOGIN_AT = "cluster:LoginAs/watch/grafana?" + urlencode(_AS)
DB_AT = "cluster:DatabaseLogin/watch/grafana?" + urlencode(_AS | {"path": ABOUT["path"], "database": "boards"})
TRIAL = DB_AT.replace("DatabaseLogin", "RevokeCycle")
STEP = ABOUT["step"]
_GRANTED = '# read "all"\npath "database/static-creds/mig-boards" {\n  capabilities = ["read"]\n}\n'


def git(kind: str, *, merged: bool = True, applied: bool = True, conflict: bool = False) -> dict[str, Json]:
    at = f"git:{kind}/{STEP}"
    tip: Json = {"merged": merged, "branch": "migrate/p", "commit": None, "conflict": ["f.yaml"] if conflict else []}
    return {at: tip, f"{at}@{FLUX['applied']}": {"merged": applied}}


def rules(*found: dict[str, Json], unread: int = 0, server: str = "") -> Json:
    everyone: dict[str, Json] = {"type": "host", "databases": ["all"], "users": ["all"], "method": "scram-sha-256"}
    numbered: list[Json] = [everyone | one | {"line": line} for line, one in enumerate(found, 1)]
    return {"rules": numbered, "unread": unread, "server": server}


NO_LOGIN = {"old_login": "", "release": ""}
STATEFUL, DATA_AT = "cluster:StatefulSet/watch/grafana", "cluster:Kustomization/flux-system/data"
TWO_PATHS = 'path "kv/data/a" {\n  capabilities = ["read"]\n}\n\npath "kv/data/b" {\n  capabilities = ["read"]\n}\n'
TWO_OWNERS = {"kustomization": "flux-system/apps,flux-system/data"}
OLD_WAY: dict[str, Json] = {SECRET_AT: SECRET, EXTERNAL_AT: EXTERNAL, OWNER: {"login": True}}
BACK = "cluster:OldLogin/watch/login?" + urlencode({"key": "password", "login": "boards", "database": "boards"})
LOGS_IN: dict[str, Json] = {"allowed": True, "session": "boards", "current": "boards", "why": ""}
LOCKED_OUT: dict[str, Json] = {"allowed": False, "why": "password authentication failed"}
KEPT_OUT: dict[str, Json] = {"allowed": False, "why": 'no pg_hba.conf entry for host "192.0.2.7", user "boards"'}
CUTOVER: dict[str, Json] = {RELEASED: RELEASE, DEPLOYMENT: ROLLED, OLD: NONE, BACK: LOGS_IN}
LIVED: dict[str, Json] = {
    STATIC: ROLE | {"last_vault_rotation": "2026-03-04T11:40:00+00:00"},
    DEPLOYMENT: ROLLED,
    NEW: ONE | {"newest": "2026-03-04T11:41:00+00:00"},
}


def _way_back(name: str) -> list[Case]:
    return [
        Case(name, Pass, OLD_WAY),
        Case(name, Fail, OLD_WAY | {SECRET_AT: None}),
        Case(name, Fail, OLD_WAY | {SECRET_AT: SECRET | {"keys": ["other"]}}),
        Case(name, Fail, OLD_WAY | {SECRET_AT: SECRET | {"synced": False}}),
        Case(name, Fail, OLD_WAY | {OWNER: {"login": False}}),
        Case(name, Inconclusive, OLD_WAY | {EXTERNAL_AT: EXTERNAL | {"ready": False}}),
        Case(name, Inconclusive, OLD_WAY | {EXTERNAL_AT: None}),
        Case(name, Inconclusive, OLD_WAY | {SECRET_AT: {"uid": "1", "owners": [], "keys": ["password"]}}),
    ]


def _delivery(name: str, kind: str) -> list[Case]:
    return [
        Case(name, Pass, git(kind) | {FLUX_AT: FLUX}),
        Case(name, Pass, git(kind), {"kustomization": ""}),
        Case(name, Fail, git(kind, merged=False, conflict=True)),
        Case(name, Fail, git(kind) | {FLUX_AT: None}),
        Case(name, Inconclusive, git(kind, merged=False)),
        Case(name, Inconclusive, git(kind, applied=False) | {FLUX_AT: FLUX}),
        Case(name, Inconclusive, git(kind) | {FLUX_AT: FLUX | {"suspended": True}}),
        Case(name, Inconclusive, git(kind) | {FLUX_AT: FLUX | {"ready": False}}),
    ]


CASES = [
    Case("vault.reach", Pass, {VAULT: HEALTH}),
    Case("vault.reach", Fail, {VAULT: HEALTH | {"initialized": False}}),
    Case("vault.reach", Fail, {VAULT: HEALTH | {"trusted": False}}),
    Case("vault.reach", Inconclusive, {VAULT: HEALTH | {"sealed": True}}),
    Case("db.reach-from-vault", Pass, {VAULTS: ONE}),
    Case("db.reach-from-vault", Pass, {VAULTS: NONE, REACH: {"reached": True}}),
    Case("db.reach-from-vault", Fail, {VAULTS: NONE, REACH: {"reached": False, "why": "dial tcp: no route"}}),
    Case("db.reach-from-vault", Fail, {}, {"address": ""}),
    Case("db.reach-from-vault", Inconclusive, {VAULTS: NONE, REACH: None}),
    Case("db.reach-from-vault", Inconclusive, {VAULTS: NONE, REACH: {}}),
    Case("db.tls-name", Pass, {ENDPOINT_AT: ENDPOINT}),
    Case("db.tls-name", Pass, {ENDPOINT_AT: ENDPOINT | {"names": ["*.example"]}}),
    Case("db.tls-name", Pass, {}, {"sslmode": "disable"}),
    Case("db.tls-name", Pass, {ENDPOINT_AT: {"tls": True}}, {"sslmode": "require"}),
    Case("db.tls-name", Fail, {ENDPOINT_AT: ENDPOINT | {"names": ["other.example"]}}),
    Case("db.tls-name", Fail, {ENDPOINT_AT: ENDPOINT | {"names": ["*.pg.example"]}}),
    Case("db.tls-name", Fail, {ENDPOINT_AT: ENDPOINT | {"trusted": False}}),
    Case("db.tls-name", Fail, {ENDPOINT_AT: ENDPOINT | {"trusted": False}}, {"database_ca": "given"}),
    Case("db.tls-name", Fail, {ENDPOINT_AT: ENDPOINT | {"tls": False}}, {"sslmode": "require"}),
    Case("db.tls-name", Inconclusive, {ENDPOINT_AT: {"reachable": False}}),
    Case("db.pg-hba", Pass, {HBA: rules({"address": "all"})}),
    Case("db.pg-hba", Fail, {HBA: rules({"address": "all", "method": "reject"}, {"address": "all"})}),
    Case("db.pg-hba", Fail, {HBA: rules({"address": "all", "users": ["boards_vault"]})}),
    Case("db.pg-hba", Fail, {HBA: rules({"address": "all", "type": "local"})}),
    Case("db.pg-hba", Fail, {HBA: rules({"address": "10.0.0.0/8", "users": ["boards"]}, {"address": "11.0.0.0/8"})}),
    Case("db.pg-hba", Fail, {HBA: rules({"address": "samenet", "users": ["boards"]}, {"address": "11.0.0.0/8"})}),
    Case("db.pg-hba", Fail, {HBA: rules({"address": "10.0.0.0/8"})}, {"vault_client": "192.0.2.1"}),
    Case("db.pg-hba", Fail, {HBA: rules({"address": "all", "users": ["boards", "boards_vault"]})}, {"issued": "yes"}),
    Case("db.pg-hba", Pass, {HBA: rules({"address": "10.0.0.0/8"})}, {"vault_client": "10.2.3.4"}),
    Case("db.pg-hba", Pass, {HBA: rules({"address": "10.0.0.0/8"}), HOST: {"addresses": ["::1", "10.2.3.4"]}}),
    Case("db.pg-hba", Pass, {HBA: rules({"address": "samenet"}, server="10.0.0.1"), HOST: {"addresses": ["10.0.0.1"]}}),
    Case("db.pg-hba", Pass, {HBA: rules({"address": "all", "type": "hostssl"})}),
    Case(
        "db.pg-hba",
        Pass,
        {HBA: rules({"address": "all", "users": ["+boards"]}, {"address": "all", "users": ["boards_vault_admin"]})}
        | {"postgres:role/boards": {"memberOf": []}},
    ),
    Case("db.pg-hba", Inconclusive, {HBA: rules({"address": "10.0.0.0/8"}), HOST: {"addresses": ["192.0.2.1"]}}),
    Case("db.pg-hba", Inconclusive, {HBA: rules({"address": "all"}, unread=1)}),
    Case("db.pg-hba", Inconclusive, {HBA: rules({"address": "samenet"}), HOST: {"addresses": ["10.0.0.1"]}}),
    Case("db.pg16-admin", Pass, {VERSION: {"version": 17}}),
    Case("db.pg16-admin", Pass, {VERSION: {"version": 13}}, {"server_version": ""}),
    Case("db.pg16-admin", Fail, {VERSION: {"version": 15}}),
    Case("db.pg16-admin", Inconclusive, {VERSION: {}}),
    Case("db.object-owner", Pass, {OWNERSHIP: {"owners": {"boards": 12, "other": 0}}}),
    Case("db.object-owner", Fail, {OWNERSHIP: {"owners": {"boards": 12, "other": 1}}}),
    Case("db.object-owner", Fail, {OWNERSHIP: None}),
    Case("db.object-owner", Inconclusive, {}),
    Case("db.operator-managed", Pass, {OPERATOR: {"listedBy": []}}),
    Case("db.operator-managed", Fail, {OPERATOR: {"listedBy": ["Cluster data/main"]}}),
    Case("db.operator-managed", Inconclusive, {OPERATOR: {}}),
    Case("db.static-takeover", Pass, {NEW: NONE}),
    Case("db.static-takeover", Fail, {NEW: ONE}),
    Case("db.static-takeover", Inconclusive, {NEW: {}}),
    Case("db.revoke-cycle", Pass, {TRIAL: CYCLE}),
    Case("db.revoke-cycle", Fail, {TRIAL: CYCLE | {"left": ["v-jwt-mig-boards-1"]}}),
    Case("db.revoke-cycle", Fail, {TRIAL: CYCLE | {"current": "itself"}}),
    Case("db.revoke-cycle", Fail, {TRIAL: CYCLE | {"owner": "itself"}}),
    Case("db.revoke-cycle", Fail, {TRIAL: {"issued": True, "left": [], "why": "permission denied for schema public"}}),
    Case("db.revoke-cycle", Fail, {TRIAL: {"issued": False, "why": "permission denied to create role"}}),
    Case("db.revoke-cycle", Inconclusive, {TRIAL: {}}),
    Case("db.revoke-cycle", Inconclusive, {TRIAL: {"off": "trials.issuedLogin"}}),
    Case("db.revoke-cycle", Inconclusive, {TRIAL: None}),
    Case("policy.capability", Pass, {POLICY: {"policy": _GRANTED}}),
    Case("policy.capability", Fail, {POLICY: {"policy": _GRANTED.replace('"read"]', '"read", "update"]')}}),
    Case("policy.capability", Fail, {POLICY: {"policy": _GRANTED + 'path "kv/*" { capabilities = ["read"] }'}}),
    Case("policy.capability", Fail, {POLICY: None}),
    Case("policy.capability", Inconclusive, {POLICY: {}}),
    Case("auth.login", Pass, {LOGIN_AT: LOGIN}),
    Case("auth.login", Fail, {LOGIN_AT: {"allowed": False, "policies": [], "why": "no such role"}}),
    Case("auth.login", Fail, {LOGIN_AT: LOGIN | {"policies": ["default", "mig-watch-grafana", "admin"]}}),
    Case("auth.login", Inconclusive, {LOGIN_AT: None}),
    Case("db.login", Pass, {DB_AT: {"allowed": True, "session": "boards_vault", "current": "boards"}}),
    Case("db.login", Fail, {DB_AT: {"allowed": True, "session": "boards_vault", "current": "boards_vault"}}),
    Case("db.login", Fail, {DB_AT: {"allowed": False, "why": "password authentication failed"}}),
    Case("db.login", Inconclusive, {DB_AT: {}}),
    Case("vault.serves", Pass, {DB_AT: {"allowed": True, "session": "boards_vault", "current": "boards"}}),
    Case("vault.serves", Fail, {DB_AT: {"allowed": False, "why": "password authentication failed"}}),
    Case("vault.serves", Inconclusive, {DB_AT: {}}),
    Case("webhook.present", Pass, {WEBHOOK: HOOK}),
    Case("webhook.present", Pass, {WEBHOOK: HOOK | {"covers": ["watch"]}}),
    Case("webhook.present", Fail, {WEBHOOK: HOOK | {"covers": ["other"]}}),
    Case("webhook.present", Fail, {WEBHOOK: HOOK | {"caTrusted": False}}),
    Case("webhook.present", Fail, {WEBHOOK: HOOK | {"served": False}}),
    Case("webhook.present", Fail, {WEBHOOK: None}),
    Case("webhook.present", Inconclusive, {WEBHOOK: {"served": True}}),
    Case("pod.dryrun", Pass, {DRY: RUN}),
    Case("pod.dryrun", Fail, {DRY: RUN | {"allowed": False, "message": "denied the request: no"}}),
    Case("pod.dryrun", Fail, {DRY: RUN | {"agent": False}}),
    Case("pod.dryrun", Inconclusive, {DRY: None}),
    Case("pod.room", Pass, {ROOM: ROOMY}),
    Case("pod.room", Pass, {ROOM: ROOMY | {"budgets": ["one"]}}),
    Case("pod.room", Pass, {ROOM: ROOMY | {"pod": {"cpu": 600, "memory": 100}, "surge": 0}}),
    Case("pod.room", Fail, {ROOM: ROOMY | {"pod": {"cpu": 600, "memory": 100}}}),
    Case("pod.room", Fail, {ROOM: ROOMY | {"pod": {"cpu": 100, "memory": 2000}}}),
    Case("pod.room", Fail, {ROOM: ROOMY | {"free": {}}}),
    Case("pod.room", Inconclusive, {ROOM: {}}),
    Case("pod.room", Inconclusive, {ROOM: None}),
    Case("agent.renders", Pass, {AGENT: WRITES}),
    Case("agent.renders", Fail, {AGENT: WRITES | {"differing": ["/a (key x of Secret watch/login)"]}}),
    Case("agent.renders", Fail, {AGENT: WRITES | {"blank": ["/a"]}}),
    *(
        Case("agent.renders", Fail, {AGENT: {"fault": fault, "at": "x", "by": "the agent"}})
        for fault in ("login", "forbidden", "nothing", "key", "template", "start")
    ),
    Case("agent.renders", Inconclusive, {AGENT: WRITES | {"unseen": ["/a"]}}),
    Case("agent.renders", Inconclusive, {AGENT: {"untried": "no vault here", "settles": "bring one"}}),
    Case("agent.renders", Inconclusive, {AGENT: {"off": "trials.agent"}}),
    Case("agent.renders", Inconclusive, {AGENT: {}}),
    Case("agent.renders", Inconclusive, {AGENT: None}),
    Case("pod.env-exclusive", Pass, {DRY: RUN}),
    Case("pod.env-exclusive", Fail, {DRY: RUN | {"variables": ["A", "A__FILE"]}}),
    Case("pod.env-exclusive", Inconclusive, {DRY: {"allowed": True}}),
    Case("gitops.drift", Pass, {RELEASED: RELEASE, RENDERED: {"changed": ["Deployment watch/grafana"], "by": "x"}}),
    Case("gitops.drift", Fail, {RELEASED: RELEASE, RENDERED: {"changed": ["Service watch/grafana"], "by": "x"}}),
    Case("gitops.drift", Fail, {RELEASED: RELEASE, RENDERED: {"changed": [], "by": "x"}}),
    Case("gitops.drift", Pass, {RELEASED: RELEASE, RENDERED: CONFIGURED}),
    Case("gitops.drift", Fail, {RELEASED: RELEASE, RENDERED: CONFIGURED | {"usedBy": {"ConfigMap watch/c": []}}}),
    Case("gitops.drift", Fail, {RELEASED: RELEASE, RENDERED: CONFIGURED | {"usedBy": SHARED}}),
    Case("gitops.drift", Fail, {RELEASED: RELEASE | {"suspended": True}}),
    Case("gitops.drift", Fail, {RELEASED: RELEASE | {"failed": True}}),
    Case("gitops.drift", Fail, {RELEASED: RELEASE | {"edited": ["kubectl-edit wrote spec.values"]}}),
    Case("gitops.drift", Fail, {RELEASED: None}),
    Case("gitops.drift", Inconclusive, {RELEASED: RELEASE | {"observed": 1}}),
    Case("gitops.drift", Inconclusive, {RELEASED: RELEASE, RENDERED: {}}),
    Case("kv.pinned", Pass, {VERSIONS: PINNED}),
    Case("kv.pinned", Inconclusive, {VERSIONS: PINNED | {"version": 4, "written": LATER}}),
    Case("kv.pinned", Inconclusive, {VERSIONS: PINNED | {"written": LATER}}),
    Case("kv.pinned", Inconclusive, {VERSIONS: PINNED | {"deleted": LATER}}),
    Case("kv.pinned", Inconclusive, {VERSIONS: PINNED | {"destroyed": True}}),
    Case("kv.pinned", Inconclusive, {VERSIONS: None}),
    Case("kv.pinned", Inconclusive, {VERSIONS: {}}),
    *_way_back("kv.value-equal"),
    *_way_back("eso.serves"),
    Case("rollout.recreate-or-single", Pass, CUTOVER),
    Case("rollout.recreate-or-single", Pass, CUTOVER | {OLD: ONE}),
    Case("rollout.recreate-or-single", Fail, CUTOVER | {OLD: ONE | {"clients": ["10.0.0.1"]}}),
    Case("rollout.recreate-or-single", Fail, CUTOVER | {DEPLOYMENT: ROLLED | {"pods": [POD | {"agent": False}]}}),
    Case("rollout.recreate-or-single", Fail, CUTOVER | {DEPLOYMENT: ROLLED | {"pods": [POD | {"role": "other"}]}}),
    Case("rollout.recreate-or-single", Fail, CUTOVER | {DEPLOYMENT: None}),
    Case("rollout.recreate-or-single", Fail, CUTOVER | {BACK: LOCKED_OUT}),
    Case("rollout.recreate-or-single", Pass, CUTOVER | {BACK: {"off": "trials.oldLogin"}}),
    Case("rollout.recreate-or-single", Pass, CUTOVER | {BACK: KEPT_OUT}),
    Case("db.old-login", Pass, {BACK: LOGS_IN}),
    Case("db.old-login", Fail, {BACK: LOCKED_OUT}),
    Case("db.old-login", Inconclusive, {BACK: KEPT_OUT}),
    Case("db.old-login", Inconclusive, {BACK: {}}),
    Case("db.old-login", Inconclusive, {BACK: None}),
    Case("db.old-login", Inconclusive, {BACK: {"off": "trials.oldLogin"}}),
    Case("rollout.recreate-or-single", Inconclusive, CUTOVER | {DEPLOYMENT: ROLLED | {"ready": 0}}),
    Case("rollout.recreate-or-single", Inconclusive, CUTOVER | {DEPLOYMENT: ROLLED | {"pods": [POD, POD]}}),
    Case("rollout.recreate-or-single", Inconclusive, CUTOVER | {RELEASED: RELEASE | {"observed": 1}}),
    Case("rollout.recreate-or-single", Inconclusive, CUTOVER | {OLD: {"count": 1}}),
    Case("db.rotation-lived", Pass, LIVED),
    Case("db.rotation-lived", Inconclusive, LIVED | {STATIC: ROLE | {"last_vault_rotation": SINCE}}),
    Case("db.rotation-lived", Inconclusive, LIVED | {NEW: ONE}),
    Case("db.rotation-lived", Inconclusive, LIVED | {NEW: NONE}),
    Case("db.rotation-lived", Inconclusive, LIVED | {DEPLOYMENT: ROLLED | {"ready": 0}}),
    Case("secret.consumers", Pass, {CONSUMERS: {"pods": []}, OLD: NONE}),
    Case("secret.consumers", Fail, {CONSUMERS: {"pods": ["watch/backup"]}, OLD: NONE}),
    Case("secret.consumers", Inconclusive, {CONSUMERS: {"pods": []}, OLD: ONE}),
    Case("eso.orphaned", Pass, {EXTERNAL_AT: EXTERNAL}),
    Case("eso.orphaned", Fail, {EXTERNAL_AT: None}),
    Case("eso.orphaned", Inconclusive, {EXTERNAL_AT: EXTERNAL | {"creationPolicy": "Owner"}}),
    Case("eso.orphaned", Inconclusive, {EXTERNAL_AT: EXTERNAL | {"ready": False}}),
    Case("eso.orphaned", Inconclusive, {EXTERNAL_AT: EXTERNAL | {"handled": 1}}),
    Case("eso.orphaned", Inconclusive, {EXTERNAL_AT: {"creationPolicy": "Orphan", "ready": True, "generation": 2}}),
    Case("eso.owner", Pass, {SECRET_AT: SECRET, EXTERNAL_AT: EXTERNAL}),
    Case("eso.owner", Fail, {SECRET_AT: None, EXTERNAL_AT: EXTERNAL}),
    Case(
        "eso.owner", Inconclusive, {SECRET_AT: SECRET | {"owners": [{"kind": "E", "name": "l"}]}, EXTERNAL_AT: EXTERNAL}
    ),
    Case("eso.owner", Inconclusive, {SECRET_AT: SECRET, EXTERNAL_AT: EXTERNAL | {"ready": False}}),
    Case("secret.copies", Pass, {OLD: NONE}),
    Case("secret.copies", Inconclusive, {OLD: ONE}),
    Case("db.agent-ttl", Pass, {STATIC: ROLE, DEPLOYMENT: ROLLED}),
    Case("db.agent-ttl", Pass, {STATIC: None}),
    Case("db.agent-ttl", Pass, {STATIC: ROLE, DEPLOYMENT: None}),
    Case("db.agent-ttl", Fail, {STATIC: ROLE | {"rotation_period": 2592000}}),
    Case("db.agent-ttl", Inconclusive, {STATIC: ROLE, DEPLOYMENT: ROLLED | {"pods": [POD | {"started": EARLIER}]}}),
    Case(
        "db.agent-ttl", Inconclusive, {STATIC: ROLE, DEPLOYMENT: ROLLED | {"restartedAt": "2026-03-04T11:59:00+00:00"}}
    ),
    Case("gitops.owner", Pass, {DEPLOYMENT: ROLLED | {"pods": [POD | {"role": ""}]}}),
    Case("gitops.owner", Pass, {DEPLOYMENT: None}),
    Case("gitops.owner", Inconclusive, {DEPLOYMENT: ROLLED}),
    Case("gitops.owner", Inconclusive, {DEPLOYMENT: ROLLED | {"ready": 0, "pods": [POD | {"role": ""}]}}),
    Case("db.leases-gone", Pass, {LEASES: {"count": 0}}),
    Case("db.leases-gone", Inconclusive, {LEASES: {"count": 2}}),
    Case("db.sessions-gone", Pass, {NEW: NONE}),
    Case("db.sessions-gone", Inconclusive, {NEW: ONE}),
    Case("pod.shell", Pass, {"cluster:Shell/watch/grafana/app": {"present": True}}),
    Case("pod.shell", Pass, {}, {"shell": "migrate.yaml"}),
    Case("pod.shell", Fail, {"cluster:Shell/watch/grafana/app": {"present": False}}),
    Case("pod.shell", Inconclusive, {"cluster:Shell/watch/grafana/app": {}}),
    Case("break-glass", Pass, {}, {"break_glass": "a local account, tried today"}),
    Case("break-glass", Inconclusive, {}),
    # A workload without a login of a database, and several paths, Secrets' keys and Kustomizations at once.
    *(
        Case(name, Pass, {SECRET_AT: SECRET, EXTERNAL_AT: EXTERNAL}, NO_LOGIN)
        for name in ("kv.value-equal", "eso.serves")
    ),
    Case("kv.value-equal", Fail, {SECRET_AT: SECRET}, NO_LOGIN | {"secret_key": "password,other"}),
    Case("secret.consumers", Pass, {CONSUMERS: {"pods": []}}, NO_LOGIN),
    Case(
        "rollout.recreate-or-single", Pass, {STATEFUL: ROLLED}, NO_LOGIN | {"deployment": "StatefulSet/watch/grafana"}
    ),
    Case("policy.capability", Pass, {POLICY: {"policy": TWO_PATHS}}, {"path": "kv/data/a\nkv/data/b"}),
    Case("policy.capability", Fail, {POLICY: {"policy": TWO_PATHS}}, {"path": "kv/data/a"}),
    Case("policy.capability", Fail, {POLICY: {"policy": TWO_PATHS}}, {"path": "kv/data/a\nkv/data/b\nkv/data/c"}),
    Case(
        "gitops.applied",
        Inconclusive,
        git("Applied") | {FLUX_AT: FLUX, DATA_AT: FLUX | {"suspended": True}},
        TWO_OWNERS,
    ),
    Case("gitops.applied", Pass, git("Applied") | {FLUX_AT: FLUX, DATA_AT: FLUX}, TWO_OWNERS),
    *_delivery("gitops.applied", "Applied"),
    *_delivery("gitops.reverted", "Reverted"),
    *sealed_cases.CASES,
    *certificates.CASES,
]

# What only waiting or people can bring about never fails: sessions and leases end, rotations come, ways in are tried.
_NEVER_FAIL = {"db.rotation-lived", "secret.copies", "gitops.owner", "db.leases-gone", "db.sessions-gone"}
_NEVER_FAIL |= {"kv.pinned"}  # what somebody wrote meanwhile may be meant: people say so
_NEVER_FAIL |= {"column.moved", "column.released", "cert.renewed", "pki.revoked", "break-glass", "transit.backups"}
_NEVER_FAIL |= {"pki.one-authority"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}-{case.wanted.__name__}")
def test_a_check_answers(case: Case) -> None:
    answer = ask(case.check, case.shown, case.about)
    assert isinstance(answer, case.wanted), answer


def test_every_check_is_made_to_give_every_answer_it_can() -> None:
    given = {(case.check, case.wanted) for case in CASES}
    wanted = {(name, kind) for name in CHECKS for kind in (Pass, Fail, Inconclusive)}
    assert wanted - given == {(name, Fail) for name in _NEVER_FAIL}


@pytest.mark.parametrize("name", CHECKS)
def test_a_server_that_does_not_answer_is_neither_good_nor_bad_news(name: str) -> None:
    assert isinstance(ask(name, {}), Inconclusive)


@pytest.mark.parametrize("case", [case for case in CASES if case.wanted is not Pass], ids=lambda case: case.check)
def test_what_is_not_well_says_what_to_do(case: Case) -> None:
    match ask(case.check, case.shown, case.about):
        case Fail(reading, fix):
            assert reading
            assert fix
        case Inconclusive(reading, settles):
            assert reading
            assert settles
        case other:
            pytest.fail(str(other))


def test_values_that_cannot_be_compared_say_which_right_is_missing() -> None:
    unsaid: dict[str, Json] = {"unsaid": "the token may not read kv/data/a", "settles": "grant it"}
    hidden = {key: value for key, value in SECRET.items() if key != "synced"} | unsaid
    answer = ask("kv.value-equal", OLD_WAY | {SECRET_AT: hidden})
    assert isinstance(answer, Inconclusive)
    assert "the token may not read kv/data/a" in answer.reading
    assert answer.settles == "grant it"


@pytest.mark.parametrize(
    ("why", "fix"),
    [
        ("error validating token: no known key successfully validated the token signature", "the key k-1"),
        ("error validating token: invalid issuer (iss) claim", "must be https://issuer"),
        ("error validating token: invalid audience (aud) claim: no match", "bound_audiences"),
        ("error validating token: invalid subject (sub) claim", "system:serviceaccount:watch:grafana"),
        ("something else", "compare"),
    ],
)
def test_a_refused_login_names_the_side_to_correct(why: str, fix: str) -> None:
    answer = ask("auth.login", {LOGIN_AT: {"allowed": False, "why": why, "issuer": "https://issuer", "key": "k-1"}})
    assert isinstance(answer, Fail)
    assert fix in answer.fix


def test_an_account_that_is_there_already_shows_whether_vault_knows_the_cluster() -> None:
    role: dict[str, Json] = {
        "bound_subject": "system:serviceaccount:watch:grafana",
        "bound_audiences": ["https://vault.example"],
        "token_policies": ["mig-watch-grafana"],
    }
    comes, at = {"account_comes": "with the cutover"}, "vault:auth/jwt/role/mig-watch-grafana"
    other = LOGIN_AT.replace("/grafana?", "/default?")
    turned: dict[str, Json] = {"allowed": False, "why": "error validating token: invalid subject (sub) claim"}
    known = ask("auth.login", {at: role, other: turned}, comes)
    assert isinstance(known, Pass)
    assert "knows the key" in known.reading
    stale = turned | {"why": "no known key successfully validated the token signature"}
    assert isinstance(ask("auth.login", {at: role, other: stale}, comes), Fail)
    assert isinstance(ask("auth.login", {at: role, other: LOGIN}, comes), Fail)
    assert isinstance(ask("auth.login", {at: role, other: {}}, comes), Pass)


def test_an_account_that_comes_with_the_cutover_is_judged_by_what_vault_asks_of_it() -> None:
    role: dict[str, Json] = {
        "bound_subject": "system:serviceaccount:watch:grafana",
        "bound_audiences": ["https://vault.example"],
        "token_policies": ["mig-watch-grafana"],
    }
    comes, at = {"account_comes": "with the cutover"}, "vault:auth/jwt/role/mig-watch-grafana"
    assert isinstance(ask("auth.login", {at: role, LOGIN_AT.replace("/grafana?", "/default?"): None}, comes), Pass)
    assert isinstance(ask("auth.login", {at: role | {"bound_subject": "system:serviceaccount:watch:x"}}, comes), Fail)
    assert isinstance(ask("auth.login", {at: None}, comes), Fail)
    login = "postgres:role/boards_vault"
    acts: Json = {"actsAs": {"boards": "boards"}}
    assert isinstance(ask("db.login", {STATIC: ROLE, login: acts}, comes), Pass)
    assert isinstance(ask("db.login", {STATIC: ROLE, login: {"actsAs": {}}}, comes), Fail)
    assert isinstance(ask("db.login", {STATIC: None, login: acts}, comes), Inconclusive)


def test_pods_that_came_before_the_period_was_shortened_are_not_trusted() -> None:
    older: Json = ROLLED | {"pods": [POD | {"started": EARLIER}]}
    assert isinstance(ask("db.agent-ttl", {STATIC: ROLE, DEPLOYMENT: older}), Inconclusive)
    assert isinstance(ask("db.agent-ttl", {STATIC: ROLE, DEPLOYMENT: older}, since=False), Pass)


def test_a_copy_of_a_dropped_branch_elsewhere_is_named() -> None:
    shown = git("Reverted") | {FLUX_AT: FLUX}
    (target,) = (one for one in shown if one.endswith(ABOUT["step"]))
    left = mapping(shown[target]) | {"pushed": ["origin/migrate/plan"]}
    match ask("gitops.reverted", shown | {target: left}):
        case Pass(reading):
            assert "origin/migrate/plan still holds the step" in reading
        case other:
            pytest.fail(str(other))


def test_a_merge_made_elsewhere_must_be_fetched() -> None:
    shown = git("Applied", merged=False)
    (target,) = (one for one in shown if one.endswith(ABOUT["step"]))
    for deployed, fetched in (("origin/main", True), ("main", False)):
        match ask("gitops.applied", shown | {target: mapping(shown[target]) | {"deployed": deployed}}):
            case Inconclusive(_, settles):
                assert ("git fetch" in settles) is fetched
            case other:
                pytest.fail(str(other))
