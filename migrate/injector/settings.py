"""The injector's own settings: the AGENT_INJECT_* variables of its Deployment, as vault-k8s 1.7.6 reads them.

A setting is the default of an annotation. Never reads the environment of this process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from migrate.injector import gotext
from migrate.injector.refusal import RefusalError
from migrate.model.errors import Usage

PREFIX = "AGENT_INJECT_"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the injector was started with; the defaults are those of its flags.

    `address` is empty unless set: the real process refuses to start without one, and its handler, asked
    all the same, refuses every pod.
    """

    address: str = ""
    image: str = "hashicorp/vault:2.0.4"
    auth_type: str = "kubernetes"
    auth_path: str = "auth/kubernetes"
    namespace: str = ""
    proxy: str = ""
    ca_bytes: str = ""
    revoke_on_shutdown: bool = False
    user: str = "100"
    group: str = "1000"
    same_user: bool = False
    set_security_context: bool = True
    default_template: str = "map"
    request_cpu: str = "250m"
    request_memory: str = "64Mi"
    request_ephemeral: str = ""
    limit_cpu: str = "500m"
    limit_memory: str = "128Mi"
    limit_ephemeral: str = ""
    exit_on_retry_failure: bool = True
    static_secret_render_interval: str = ""
    max_connections_per_host: int = 0
    min_backoff: str = ""
    max_backoff: str = ""
    disable_idle_connections: str = ""
    disable_keep_alives: str = ""


def _template(text: str) -> str:
    if text not in ("map", "json"):
        raise RefusalError(f"Invalid default flag type: {text}")
    return text


def _duration(text: str) -> str:
    gotext.check_duration(text)
    return text


_READ: dict[str, tuple[str, Callable[[str], object]]] = {
    "VAULT_ADDR": ("address", str),
    "VAULT_IMAGE": ("image", str),
    "VAULT_AUTH_TYPE": ("auth_type", str),
    "VAULT_AUTH_PATH": ("auth_path", str),
    "VAULT_NAMESPACE": ("namespace", str),
    "PROXY_ADDR": ("proxy", str),
    "VAULT_CACERT_BYTES": ("ca_bytes", str),
    "REVOKE_ON_SHUTDOWN": ("revoke_on_shutdown", gotext.as_bool),
    "RUN_AS_USER": ("user", str),
    "RUN_AS_GROUP": ("group", str),
    "RUN_AS_SAME_USER": ("same_user", gotext.as_bool),
    "SET_SECURITY_CONTEXT": ("set_security_context", gotext.as_bool),
    "DEFAULT_TEMPLATE": ("default_template", _template),
    "CPU_REQUEST": ("request_cpu", str),
    "MEM_REQUEST": ("request_memory", str),
    "EPHEMERAL_REQUEST": ("request_ephemeral", str),
    "CPU_LIMIT": ("limit_cpu", str),
    "MEM_LIMIT": ("limit_memory", str),
    "EPHEMERAL_LIMIT": ("limit_ephemeral", str),
    "TEMPLATE_CONFIG_EXIT_ON_RETRY_FAILURE": ("exit_on_retry_failure", gotext.as_bool),
    "TEMPLATE_STATIC_SECRET_RENDER_INTERVAL": ("static_secret_render_interval", str),
    "TEMPLATE_MAX_CONNECTIONS_PER_HOST": ("max_connections_per_host", gotext.as_int),
    "AUTH_MIN_BACKOFF": ("min_backoff", _duration),
    "AUTH_MAX_BACKOFF": ("max_backoff", _duration),
    "DISABLE_IDLE_CONNECTIONS": ("disable_idle_connections", str),
    "DISABLE_KEEP_ALIVES": ("disable_keep_alives", str),
}
# Known to the injector, without effect on what it does to a pod. The renewal threshold is among them: the
# process reads it and never hands it to the rules.
_WITHOUT_EFFECT: dict[str, Callable[[str], object]] = {
    "TEMPLATE_LEASE_RENEWAL_THRESHOLD": gotext.as_float,
    "USE_LEADER_ELECTOR": gotext.as_bool,
    **dict.fromkeys(
        [
            "LISTEN", "LOG_LEVEL", "LOG_FORMAT", "TELEMETRY_PATH", "TLS_AUTO", "TLS_AUTO_HOSTS",
            "TLS_CA_CERT_FILE", "TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_MIN_VERSION", "TLS_CIPHER_SUITES",
        ],
        str,
    ),
}  # fmt: skip


# In the order the injector reads those it can object to.
_CHECKED = (
    "TEMPLATE_CONFIG_EXIT_ON_RETRY_FAILURE", "TEMPLATE_MAX_CONNECTIONS_PER_HOST",
    "TEMPLATE_LEASE_RENEWAL_THRESHOLD", "REVOKE_ON_SHUTDOWN", "RUN_AS_SAME_USER", "SET_SECURITY_CONTEXT",
    "USE_LEADER_ELECTOR", "AUTH_MIN_BACKOFF", "AUTH_MAX_BACKOFF", "DEFAULT_TEMPLATE",
)  # fmt: skip


def from_environment(environment: Mapping[str, str]) -> Settings:
    """The settings of an injector with these variables; an empty variable counts as absent, as it does there.

    Raises Usage for a variable the injector does not know, and for a value it would not start with.
    """
    settings = Settings()
    for name in sorted(environment, key=_turn):
        settings = _with(settings, name, environment[name])
    return settings


def _turn(name: str) -> int:
    """Of two settings it would not start with, the injector names the one it reads first."""
    short = name.removeprefix(PREFIX)
    return _CHECKED.index(short) if short in _CHECKED else -1


def _with(settings: Settings, name: str, text: str) -> Settings:
    short = name.removeprefix(PREFIX)
    field, read = _READ.get(short, ("", _WITHOUT_EFFECT.get(short, str)))
    if not name.startswith(PREFIX) or (not field and short not in _WITHOUT_EFFECT):
        raise Usage(
            f"The injector has no setting {name}.",
            undone="Nothing was predicted.",
            following="Known settings: " + ", ".join(sorted(PREFIX + key for key in _READ)),
        )
    if text == "":
        return settings
    try:
        value = read(text)
    except RefusalError as error:
        raise Usage(
            f"The injector would not start with {name}={text}: {error}",
            undone="Nothing was predicted.",
            following=f"Correct {name} in the injector's Deployment, or leave it out.",
        ) from error
    return replace(settings, **{field: value}) if field else settings  # type: ignore[arg-type]
