"""Traps about logging in to Vault: token, method, role, connection."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.injector.admission import TOKEN_MOUNT
from migrate.injector.agent import Agent
from migrate.injector.lint.subject import Finding, Subject, error, info, key, warning
from migrate.injector.prediction import Denied


def findings(subject: Subject) -> Iterator[Finding]:
    """Traps about the login."""
    yield from _no_token(subject)
    agent = subject.agent
    if agent is None:
        return
    yield from _token(subject, agent)
    yield from _account(subject)
    if not agent.text("agent-configmap"):
        yield from _jwt(agent)
        yield from _method(agent)
    yield from _tls(agent)


def _no_token(subject: Subject) -> Iterator[Finding]:
    off = subject.spec.get("automountServiceAccountToken") is False
    named = subject.own.get("agent-service-account-token-volume-name")
    denied = isinstance(subject.prediction, Denied)
    if off and not named and denied and "service account volume mount" in subject.prediction.message:  # type: ignore[union-attr]
        yield error(
            "token.automount-off",
            "automountServiceAccountToken is false, so no container mounts a token and the pod is refused.",
            "Add a projected volume with a serviceAccountToken and name it in "
            f"{key('agent-service-account-token-volume-name')}.",
        )


def _token(subject: Subject, agent: Agent) -> Iterator[Finding]:
    named = bool(agent.text("agent-service-account-token-volume-name"))
    if not named and agent.token.mount != TOKEN_MOUNT:
        yield warning(
            "token.first-match",
            f"The agents log in with what is mounted at {agent.token.mount}: the first path that contains "
            "`serviceaccount`, which is not the usual token.",
            f"Name the volume in {key('agent-service-account-token-volume-name')}.",
        )
    mounted = any(
        mount.get("mountPath") == TOKEN_MOUNT
        for container in subject.agent_containers
        for mount in container.get("volumeMounts", [])
    )
    if agent.persistent_cache and not mounted:
        yield error(
            "cache.token-missing",
            f"The persistent cache reads {TOKEN_MOUNT}/token, which the agents do not mount: they will not start.",
            f"Remove {key('agent-cache-enable')}, or log in with the default token.",
        )


def _account(subject: Subject) -> Iterator[Finding]:
    if subject.spec.get("serviceAccountName", "") in ("", "default"):
        yield warning(
            "auth.default-account",
            "The pod runs as the service account `default`: every pod of the namespace can log in to its role.",
            "Give the workload a ServiceAccount of its own.",
        )


def _jwt(agent: Agent) -> Iterator[Finding]:
    if agent.text("auth-type") != "jwt":
        return
    path = f"{agent.token.mount}/{agent.token.file}"
    if not agent.text("auth-config-path"):
        yield error(
            "auth.jwt-path",
            "The injector sets token_path, the jwt method wants `path`: the agent stops with `missing 'path' value`.",
            f'Add {key("auth-config-path")}: "{path}".',
        )
    if agent.text("auth-config-remove-jwt-after-reading") != "false":
        yield warning(
            "auth.jwt-removal",
            "The jwt method deletes the token after reading it; the volume is read-only, so the sidecar logs an "
            "error twice a second for ever.",
            f'Add {key("auth-config-remove-jwt-after-reading")}: "false".',
        )
    if not agent.text("agent-service-account-token-volume-name"):
        yield warning(
            "auth.jwt-audience",
            "The login uses the pod's default token, whose audience is the API server's, not Vault's.",
            "Project a token with Vault's audience and name its volume in "
            f"{key('agent-service-account-token-volume-name')}.",
        )


def _method(agent: Agent) -> Iterator[Finding]:
    path = agent.text("auth-path")
    if not path.strip("/").startswith("auth/"):
        yield error(
            "auth.path",
            f"The auth path `{path}` lacks `auth/`: Vault answers 400 `missing client token`.",
            f'Write {key("auth-path")}: "auth/{path.strip("/")}".',
        )
    if agent.text("auth-type") != "kubernetes" and "role" not in agent.auth_config:
        yield warning(
            "auth.role",
            f"No role for the method {agent.text('auth-type')}: the injector lets it pass, most methods do not.",
            f"Add {key('role')}.",
        )
    if not agent.text("auth-max-backoff"):
        yield info(
            "auth.backoff",
            "After an outage of Vault a pod may wait up to 5 minutes before it tries again.",
            f'Add {key("auth-max-backoff")}: "30s".',
        )


def _tls(agent: Agent) -> Iterator[Finding]:
    if agent.switches.tls_skip_verify:
        yield error(
            "tls.skip-verify",
            "The agent accepts any certificate, so anyone on the way can read the login token and the secrets.",
            f"Remove {key('tls-skip-verify')}; give the CA with {key('tls-secret')} and {key('ca-cert')}.",
        )
    ca = agent.text("ca-cert")
    if ca.startswith("/vault/tls/") and not agent.text("tls-secret"):
        yield error(
            "tls.ca-unmounted",
            f"{ca} lies in a volume that only {key('tls-secret')} mounts.",
            f"Add {key('tls-secret')} with the name of a Secret in the pod's namespace.",
        )
