"""The role a workload logs in to Vault with: one ServiceAccount in one namespace, one audience, one policy."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.duration import seconds
from migrate.model.json import Json
from migrate.operations.subject import Entering
from migrate.operations.wish import Arguments, Put, Wish, text

UNSET_AUDIENCE = "AUDIENCE-UNKNOWN"


def jwt_role(subject: Entering, arguments: Arguments) -> Iterator[Wish]:
    """The role, bound by subject, which no other ServiceAccount can have."""
    target, namespace = subject.jwt_role, subject.pods_in
    account = subject.account.wanted
    role: dict[str, Json] = {
        "role_type": "jwt",
        "user_claim": "sub",
        "bound_audiences": [subject.vault.audience or UNSET_AUDIENCE],
        "bound_subject": f"system:serviceaccount:{namespace}:{account}",
        "bound_claims": {"/kubernetes.io/namespace": namespace},
        "token_policies": [subject.policy.short],
        "token_type": "service",
        **_lifetimes(arguments),
    }
    yield Wish(
        target=target,
        act=Put(role),
        summary=f"login role {target.short} for ServiceAccount {namespace}/{account} only",
        blast="nobody logs in with it yet",
        guard="refused if a role of this name exists",
        needs=(f"vault: create, update, delete on {target.path}",),
        rests_on=(subject.policy,),
    )


def _lifetimes(arguments: Arguments) -> dict[str, Json]:
    """A lease dies with the token it was issued to, so with leases the token is periodic and has no maximum."""
    if arguments.get("dynamic") is True:
        return {"token_ttl": 0, "token_period": seconds(text(arguments, "token_period")), "token_max_ttl": 0}
    ttl, longest = seconds(text(arguments, "token_ttl")), seconds(text(arguments, "token_max_ttl"))
    return {"token_ttl": ttl, "token_period": 0, "token_max_ttl": longest}
