"""The agent a pod asks for: every annotation read and checked, in the injector's own order.

The order matters: a pod with two faults is refused for the first one only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from migrate.injector import gotext, secret, tokenvolume
from migrate.injector.annotation import PREFIX, Annotations, flag, get, parameters, telemetry
from migrate.injector.podtypes import Decoded
from migrate.injector.refusal import RefusalError
from migrate.injector.secret import Secret
from migrate.injector.tokenvolume import TokenVolume
from migrate.model.json import Json


@dataclass(frozen=True, slots=True)
class Switches:
    """The annotations that are booleans or numbers."""

    init_first: bool
    pre_populate: bool
    pre_populate_only: bool
    revoke_on_shutdown: bool
    revoke_grace: int
    tls_skip_verify: bool
    user: int
    group: int
    share_process_namespace: bool | None
    security_context: bool
    cache: bool
    cache_exit_on_err: bool
    inject_token: bool
    exit_on_retry_failure: bool
    max_connections: int
    renewal_threshold: float
    enable_quit: bool
    auth_exit_on_err: bool


@dataclass(frozen=True)
class Agent:
    """What the injector knows when it begins to write: the pod, its annotations with defaults, and what they mean.

    `given` holds full annotation names; texts that are only passed on are read from it where they are written.
    """

    pod: Decoded
    given: Annotations
    token: TokenVolume
    aws_mount: tuple[str, str]
    secrets: tuple[Secret, ...]
    telemetry: dict[str, Json]
    switches: Switches
    default_template: str
    ca_bytes: str

    def text(self, name: str) -> str:
        """An annotation by its short name, "" when absent."""
        return get(self.given, name)

    @property
    def persistent_cache(self) -> bool:
        """Whether init container and sidecar share a cache on a volume."""
        switches = self.switches
        return switches.cache and switches.pre_populate and not switches.pre_populate_only

    @cached_property
    def extra_mounts(self) -> tuple[str, ...]:
        """The secrets' directories other than the default one, each once."""
        default = self.text("secret-volume-path")
        return tuple(dict.fromkeys(item.mount for item in self.secrets if item.mount != default))

    @cached_property
    def auth_config(self) -> dict[str, str]:
        """The parameters of the login method; an annotation beats the computed token path, the role beats all."""
        found = {}
        if self.token.mount and self.token.file:
            found["token_path"] = secret.clean_join(self.token.mount, self.token.file)
        found |= parameters(self.given, "auth-config")
        if self.text("role"):
            found["role"] = self.text("role")
        return found

    def names(self, name: str) -> list[str]:
        """A comma separated annotation, untrimmed; empty when the annotation is."""
        return self.text(name).split(",") if self.text(name) else []


def read(pod: Decoded, given: Annotations, ca_bytes: str) -> Agent:
    """Read a pod's annotations (defaults filled in). Raises RefusalError with the injector's text."""
    token = tokenvolume.find(given, pod)
    aws = tokenvolume.aws_mount(pod) if get(given, "auth-type") == "aws" else ("", "")
    secrets = secret.read(given)
    switches, template = _switches(pod, given)
    return Agent(pod, given, token, aws, secrets, telemetry(given), switches, template, ca_bytes)


def _switches(pod: Decoded, given: Annotations) -> tuple[Switches, str]:
    """Line by line in the injector's order, since the first fault is the one it reports."""
    init_first = flag(given, "agent-init-first")
    pre_populate = flag(given, "agent-pre-populate", default=True)
    pre_populate_only = flag(given, "agent-pre-populate-only")
    revoke = flag(given, "agent-revoke-on-shutdown")
    grace = gotext.as_uint(get(given, "agent-revoke-grace"))
    skip_verify = flag(given, "tls-skip-verify")
    user = gotext.as_int(get(given, "agent-run-as-user"))
    group = gotext.as_int(get(given, "agent-run-as-group"))
    if flag(given, "agent-run-as-same-user"):
        user = _first_container_user(pod)
    share = _share_process_namespace(pod, given)
    security_context = flag(given, "agent-set-security-context")
    cache = flag(given, "agent-cache-enable")
    cache_exit_on_err = flag(given, "agent-cache-exit-on-err")
    template = _default_template(given)
    return Switches(
        init_first=init_first,
        pre_populate=pre_populate,
        pre_populate_only=pre_populate_only,
        revoke_on_shutdown=revoke,
        revoke_grace=grace,
        tls_skip_verify=skip_verify,
        user=user,
        group=group,
        share_process_namespace=share,
        security_context=security_context,
        cache=cache,
        cache_exit_on_err=cache_exit_on_err,
        inject_token=flag(given, "agent-inject-token"),
        exit_on_retry_failure=flag(given, "template-config-exit-on-retry-failure", default=True),
        max_connections=gotext.as_int(get(given, "template-max-connections-per-host")),
        renewal_threshold=_threshold(given),
        enable_quit=flag(given, "agent-enable-quit"),
        auth_exit_on_err=flag(given, "agent-auto-auth-exit-on-err"),
    ), template


def _threshold(given: Annotations) -> float:
    raw = given.get(PREFIX + "template-lease-renewal-threshold")
    return 0.0 if raw is None else gotext.as_float(raw)


def _default_template(given: Annotations) -> str:
    template = gotext.lower(get(given, "agent-inject-default-template"))
    if template not in ("map", "json"):
        raise RefusalError(f"invalid default template type: {template}")
    return template


def _first_container_user(pod: Decoded) -> int:
    containers = pod.get("spec", {}).get("containers", [])
    if not containers:
        raise RefusalError("No containers found in Pod Spec")
    context = containers[0].get("securityContext")
    if context is None:
        raise RefusalError("No SecurityContext found for Container 0")
    user: int | None = context.get("runAsUser")
    if user is None:
        raise RefusalError("RunAsUser is nil for Container 0's SecurityContext")
    if user == 0:
        raise RefusalError("container not allowed to run as root")
    return user


def _share_process_namespace(pod: Decoded, given: Annotations) -> bool | None:
    key = PREFIX + "agent-share-process-namespace"
    raw = given.get(key)
    if raw is None:
        return None
    try:
        wanted = gotext.as_bool(raw)
    except RefusalError as error:
        raise RefusalError(f'invalid value {raw} for annotation "{key}", err={error}') from error
    if wanted and pod.get("spec", {}).get("shareProcessNamespace") is False:
        raise RefusalError("shareProcessNamespace explicitly disabled on the pod, refusing to enable it")
    return wanted


def validate(agent: Agent) -> None:
    """The checks after everything was read. Raises RefusalError."""
    if not agent.text("agent-request-namespace"):
        raise RefusalError("namespace missing from request")
    token = agent.token
    if not (token.volume and token.mount and token.file):
        raise RefusalError("no service account token volume name, mount path or token path found")
    if not agent.text("agent-image"):
        raise RefusalError("no Vault image found")
    if not agent.text("agent-configmap"):
        _validate_login(agent)


def _validate_login(agent: Agent) -> None:
    if not agent.text("auth-type"):
        raise RefusalError("no Vault Auth Type found")
    if agent.text("auth-type") == "kubernetes" and not (agent.text("role") or agent.text("auth-config-role")):
        raise RefusalError("no Vault role found")
    if not agent.text("auth-path"):
        raise RefusalError("no Vault Auth Path found")
    if not agent.text("service"):
        raise RefusalError("no Vault address found")
