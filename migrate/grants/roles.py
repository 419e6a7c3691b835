"""Who can log in with a role, and what for: the over-grants of JWT and Kubernetes login roles."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.grants.findings import Finding
from migrate.model.json import Json, mapping, sequence, strings

_NAMES = ("bound_service_account_names", "bound_service_account_namespaces")


def role_findings(path: str, role: dict[str, Json], prefix: str) -> Iterator[Finding]:
    """What a role as Vault reads it back grants that nobody meant. `path`: `auth/MOUNT/role/NAME`."""
    kubernetes = any(key in role for key in _NAMES)
    who = [*strings(role.get(_NAMES[0])), *strings(role.get(_NAMES[1]))] if kubernetes else _subjects(role)
    if not who:
        text = "any token of the cluster logs in with it"
        yield Finding("role.unbound", 0, path, text, "bound_subject=system:serviceaccount:NAMESPACE:NAME")
    if any("*" in one for one in who) and (kubernetes or role.get("bound_claims_type") == "glob"):
        yield Finding("role.wildcard", 0, path, f"{', '.join(who)} stands for several", "one account in one namespace")
    audience = role.get("audience") if kubernetes else sequence(role.get("bound_audiences"))
    if not audience:
        text = "takes tokens that were made for others than Vault"
        yield Finding("role.no-audience", 0, path, text, "audience=VAULT-ADDRESS (bound_audiences of a JWT role)")
    policies = [*strings(role.get("token_policies")), *strings(role.get("policies"))]
    if foreign := sorted({one for one in policies if not one.startswith(prefix)}):
        text = f"gives {', '.join(foreign)}, not under the prefix {prefix}"
        yield Finding("role.policies", 0, path, text, "token_policies=the workload's own policy")
    if not role.get("token_max_ttl") and not role.get("token_period") and not role.get("token_explicit_max_ttl"):
        text = "its tokens live as long as Vault lets any live"
        yield Finding("role.for-ever", 0, path, text, "token_max_ttl=24h")


def _subjects(role: dict[str, Json]) -> list[str]:
    subject = role.get("bound_subject")
    found = [str(subject)] if subject else []
    for key, value in mapping(role.get("bound_claims")).items():
        # The namespace alone lets every account in it log in.
        if key.endswith(("serviceaccount/name", "sub")):
            found += [str(one) for one in (value if isinstance(value, list) else [value])]
    return found
