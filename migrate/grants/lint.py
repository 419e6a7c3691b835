"""What a policy grants that nobody meant: patterns, sudo, other people's names, paths of KV version 2 that grant
nothing, and capabilities that amount to more than they say. A rule: a policy in, findings out.

A finding that is meant is accepted where it stands, with a reason: `# accepted CODE: REASON` above the rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from migrate.grants.findings import Code, Finding
from migrate.grants.policy import WRITES, Policy, Rule

_KV_PARTS = frozenset(("data", "metadata", "delete", "undelete", "destroy", "subkeys", "config"))
_DATABASE = frozenset(("config", "roles", "static-roles", "creds", "static-creds", "rotate-role", "rotate-root"))
_OURS = re.compile(r"migrate-(plan|apply|rotate|compare)(-|$)")
"""The tool's own policies, which are no workload's."""
_SYSTEM = re.compile(
    r"sys/(raw|seal|unseal|step-down|rekey|generate-root|rotate|mounts|remount|auth|audit|config|plugins|replication|"
    r"storage|namespaces|leases/revoke|leases/tidy|tools/raw)(/|\*|$)"
)
_TOKENS = re.compile(r"auth/token/(create|create-orphan|roles|revoke|renew|tidy)(/|\*|$)")


@dataclass(frozen=True, slots=True)
class Conventions:
    """What holds in one estate. `kv`: its mounts of KV version 2."""

    prefix: str = "mig-"
    kv: frozenset[str] = frozenset({"secret"})
    database: str = "database"


def findings(policy: Policy, known: Conventions) -> list[Finding]:
    """What is wrong with a policy, in the order of its lines, without what its author accepted."""
    found = list(_of_policy(policy, known))
    for rule in policy.rules:
        if not rule.denies:
            found += [one for one in _of_rule(rule, policy, known) if one.code not in rule.accepted]
    return sorted(found, key=lambda one: (one.line, one.code))


def _of_policy(policy: Policy, known: Conventions) -> Iterator[Finding]:
    if not policy.rules and not policy.template:
        yield Finding("policy.empty", 0, "", "the policy grants nothing", "name the one path its workload reads")
    named = policy.name.startswith(known.prefix) or _OURS.match(policy.name)
    if not named and not policy.template:
        text = f"the policy is called {policy.name}, without {known.prefix}: nobody can tell it is this tool's"
        yield Finding("policy.name", 0, "", text, f"call it {known.prefix}NAMESPACE-WORKLOAD")


def _of_rule(rule: Rule, policy: Policy, known: Conventions) -> Iterator[Finding]:
    for one in (_breadth, _kv, _amounts):
        yield from one(rule, known)
    if not policy.template:
        yield from _elsewhere(rule, known)


def _breadth(rule: Rule, _: Conventions) -> Iterator[Finding]:
    path = rule.path
    if path in {"*", "+", "+/*"}:
        yield _said("policy.everything", rule, "covers every path of this Vault", "name the paths one by one")
    elif path.endswith("*"):
        near = f"also covers {path[:-1]}-admin" if path[-2:-1].isalnum() else "covers all that is and will be below"
        yield _said("policy.glob", rule, near, "name the path to its end")
    if "*" in path[:-1]:
        yield _said("policy.star-inside", rule, "a * that is not the last character is only itself", "use + for a part")
    elif "+" in path.split("/") and path != "+/*":
        yield _said("policy.segment-wildcard", rule, "+ stands for any name", "name the part")
    if "sudo" in rule.capabilities:
        yield _said("policy.sudo", rule, "has sudo, which opens what only root may do", "take sudo out")
    if rule.shorthand:
        words = ", ".join(sorted(rule.capabilities))
        text = f'policy = "{rule.shorthand}" stands for {words}'
        yield _said("policy.shorthand", rule, text, 'write capabilities = ["read"], and no more than is used')


def _kv(rule: Rule, known: Conventions) -> Iterator[Finding]:
    mount = next((one for one in sorted(known.kv, key=len, reverse=True) if rule.path.startswith(f"{one}/")), None)
    if mount is None:
        return
    part, _, rest = rule.path.removeprefix(f"{mount}/").partition("/")
    if part not in _KV_PARTS and not set("*+$") & set(part):
        right = f"{mount}/data/{rule.path.removeprefix(f'{mount}/')}"
        text = f"{mount} is KV version 2: nothing is read at this path"
        yield _said("policy.kv-no-data", rule, text, f'path "{right}"')
    if part == "data" and "list" in rule.capabilities:
        yield _said("policy.kv-list-on-data", rule, "names are listed below metadata/, never below data/", "drop list")
    if part == "metadata" and WRITES & rule.capabilities:
        text = "writing metadata sets how many versions are kept, and deleting it destroys every version for good"
        yield _said("policy.kv-metadata", rule, text, f'read and list are enough on "{mount}/metadata/{rest}"')
    if part in {"destroy", "delete", "undelete"} or (part == "data" and "delete" in rule.capabilities):
        yield _said("policy.kv-destroys", rule, "takes values away from everybody who reads them", "grant read alone")


def _amounts(rule: Rule, known: Conventions) -> Iterator[Finding]:
    """Capabilities that amount to more than they say."""
    made = rule.capabilities & {"create", "update", "patch"}
    for code, applies, text, fix in _AMOUNTS:
        if made and applies(rule, known):
            yield _said(code, rule, text, fix)
    if re.search(r"(^|/)(export|backup)/", rule.path) and "transit" in rule.path and "read" in rule.capabilities:
        yield _said(
            "policy.transit-exports", rule, "gives the key itself", "take it out: encrypt and decrypt need none"
        )


def _writes_policies(rule: Rule, _: Conventions) -> bool:
    return bool(re.match(r"sys/polic(y|ies)(/|\*)", rule.path)) and not rule.fixes("policy")


def _writes_roles(rule: Rule, _: Conventions) -> bool:
    named = re.match(r"auth/.+/(role|roles|map|users|groups|certs)(/|\*|$)|auth/(\*|\+/\*)|auth/[^/]+/\*$", rule.path)
    return bool(named) and not rule.fixes("token_policies") and not rule.path.startswith("auth/token/")


def _writes_connections(rule: Rule, known: Conventions) -> bool:
    named = re.match(rf"({re.escape(known.database)}|[^/]*database[^/]*)/(config(/|\*|$)|\*)", rule.path)
    return bool(named) and not (rule.fixes("connection_url") and rule.fixes("allowed_roles"))


def _makes_tokens(rule: Rule, _: Conventions) -> bool:
    identity = rule.path.startswith("identity/") and not rule.path.startswith("identity/lookup/")
    return identity or bool(_TOKENS.match(rule.path)) or rule.path.rstrip("*") in {"auth/token/", "auth/token"}


def _reaches_system(rule: Rule, _: Conventions) -> bool:
    return bool(_SYSTEM.match(rule.path)) or rule.path.startswith("sys/*") or rule.path == "sys*"


def _transit_creates(rule: Rule, _: Conventions) -> bool:
    return "/encrypt/" in rule.path and "create" in rule.capabilities


def _signs_anything(rule: Rule, _: Conventions) -> bool:
    return bool(re.search(r"/(sign-verbatim|root/(generate|sign)|sign-self-issued|config/ca)", rule.path))


_Applies = Callable[[Rule, Conventions], bool]
_AMOUNTS: tuple[tuple[Code, _Applies, str, str], ...] = (
    (
        "policy.writes-policies", _writes_policies,
        "who may write a policy without its text being fixed may grant themselves everything",
        'fix the text: allowed_parameters = { "policy" = ["..."] }',
    ),
    (
        "policy.writes-roles", _writes_roles,
        "who may write a login role gives any policy to anybody",
        'fix them: allowed_parameters = { "token_policies" = [["..."]], ... }',
    ),
    (
        "policy.writes-connections", _writes_connections,
        "who may write a connection sends the database's password where they like",
        'fix it: allowed_parameters = { "connection_url" = ["..."], "allowed_roles" = [["..."]], ... }',
    ),
    (
        "policy.makes-tokens", _makes_tokens,
        "makes or ends other tokens, or gives policies to identities",
        "take it out: auth/token/renew-self and revoke-self come with the default policy",
    ),
    ("policy.reaches-system", _reaches_system, "changes Vault itself", "leave it to whoever runs Vault"),
    (
        "policy.transit-creates", _transit_creates,
        "create on encrypt/ makes the key where there is none",
        "update is enough to encrypt",
    ),
    (
        "policy.pki-signs-anything", _signs_anything,
        "signs a certificate for any name",
        "issue/ with a role of exact names",
    ),
)  # fmt: skip


def _elsewhere(rule: Rule, known: Conventions) -> Iterator[Finding]:
    """Names of policies, login roles and database objects that are not under the prefix."""
    parts = rule.path.split("/")
    name = _object(parts, known)
    if name and not name.startswith(known.prefix):
        text = f"{name} is not under the prefix {known.prefix}: it is somebody else's"
        yield _said("policy.outside-prefix", rule, text, f"use the {known.prefix} name, or leave it out")


def _object(parts: list[str], known: Conventions) -> str | None:
    """The name in a path that should be ours; None where the path names nothing of that sort."""
    match parts:
        case ["sys", "policies", "acl", name] | ["sys", "policy", name]:
            return name
        case ["auth", *_, "role", name]:
            return name
        case [mount, part, *rest] if mount == known.database and part in _DATABASE and rest:
            return rest[0]
    return None


def _said(code: Code, rule: Rule, text: str, fix: str) -> Finding:
    return Finding(code, rule.line, rule.path, text, fix)
