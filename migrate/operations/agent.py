"""What the injector is told on every pod, whatever it brings. Each default that is known to bite is overridden here."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.model.json import Json, canonical
from migrate.operations.jwt_role import UNSET_AUDIENCE
from migrate.operations.subject import VaultSide
from migrate.operations.wish import Arguments, text

PREFIX = "vault.hashicorp.com/"
FOLDER = "/vault/secrets"
"""Where the injector mounts the files unless told otherwise."""
KEPT = "/vault/files"
"""Where agents mount volumes of the pod itself, each in a folder of its name."""
TOKEN_VOLUME = "vault-token"
_TOKEN = "/var/run/secrets/vault.hashicorp.com/serviceaccount/token"
_DEFAULT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"


def login_annotations(vault: VaultSide) -> dict[str, str]:
    """How the agent logs in."""
    login = {
        "auth-type": "jwt",
        "auth-path": f"auth/{vault.auth_mount}",
        "agent-service-account-token-volume-name": TOKEN_VOLUME,
        # The injector writes token_path; the jwt method wants path (hashicorp/vault-k8s#660).
        "auth-config-path": _TOKEN,
        # The volume is read-only; removing the token would fail twice a second for ever.
        "auth-config-remove-jwt-after-reading": "false",
        "auth-min-backoff": "1s",
        # The default lets a pod wait five minutes after Vault is back.
        "auth-max-backoff": "30s",
    }
    if vault.tls_secret:
        login |= {"tls-secret": vault.tls_secret, "ca-cert": "/vault/tls/ca.crt"}
    return login


def running_annotations(arguments: Arguments, *, cached: bool = False, kept: Iterable[str] = ()) -> dict[str, str]:
    """How the agent runs. `kept`: volumes of the pod that it writes into."""
    patch = agent_patch(cached=cached, kept=kept)
    return {
        # Else an outage of Vault ends the agent, the pod is not ready, and a healthy application loses its traffic.
        "template-config-exit-on-retry-failure": "false",
        # Revoking at shutdown would kill a lease while the application drains; some injectors have it on.
        "agent-revoke-on-shutdown": "false",
        "agent-requests-cpu": text(arguments, "cpu"),
        "agent-requests-mem": text(arguments, "memory"),
        "agent-limits-cpu": "",
        "agent-limits-mem": text(arguments, "memory_limit"),
        "agent-json-patch": patch,
        "agent-init-json-patch": patch,
    }


def agent_patch(*, cached: bool = False, kept: Iterable[str] = ()) -> str:
    """What no annotation of its own can say of the agent containers."""
    # Many pods give their containers a seccomp profile, not themselves: where Pod Security is `restricted`, agents
    # without one are refused.
    profile: Json = {"type": "RuntimeDefault"}
    patch: list[Json] = [{"op": "add", "path": "/securityContext/seccompProfile", "value": profile}]
    if cached:
        # The cache reads the token at the default place only, and a named token volume is mounted elsewhere.
        mount: Json = {"name": TOKEN_VOLUME, "mountPath": _DEFAULT_TOKEN, "readOnly": True}
        patch.append({"op": "add", "path": "/volumeMounts/-", "value": mount})
    for name in kept:
        patch.append({"op": "add", "path": "/volumeMounts/-", "value": {"name": name, "mountPath": f"{KEPT}/{name}"}})
    return canonical(patch).decode()


def token_volume(vault: VaultSide) -> dict[str, Json]:
    """The volume with the token that the agent logs in with."""
    token: Json = {"path": "token", "audience": vault.audience or UNSET_AUDIENCE, "expirationSeconds": 3600}
    return {"name": TOKEN_VOLUME, "projected": {"sources": [{"serviceAccountToken": token}]}}
