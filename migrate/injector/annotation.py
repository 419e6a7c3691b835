"""The annotations: their names, and the defaults the injector fills in before it reads any of them.

Source: vault-k8s 1.7.6. `given` below is always the pod's own annotations by full name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from migrate.injector import gojson, gotext
from migrate.injector.refusal import RefusalError
from migrate.injector.settings import Settings
from migrate.model.json import Json

PREFIX = "vault.hashicorp.com/"
INJECT = PREFIX + "agent-inject"
STATUS = PREFIX + "agent-inject-status"
INJECTED = "injected"
SECRETS_PATH = "/vault/secrets"

Annotations: TypeAlias = Mapping[str, str]


def get(given: Annotations, name: str, default: str = "") -> str:
    """The value of an annotation by its short name."""
    return given.get(PREFIX + name, default)


def flag(given: Annotations, name: str, *, default: bool = False) -> bool:
    """A boolean annotation. Raises RefusalError."""
    raw = given.get(PREFIX + name)
    return default if raw is None else gotext.as_bool(raw)


def with_defaults(given: Annotations, containers: list[str], namespace: str, settings: Settings) -> dict[str, str]:
    """The annotations as the rules will read them. Raises RefusalError when a default or a check fails."""
    _check_settings(settings, namespace)
    found = {PREFIX + name: text for name, text in _defaults(containers, namespace, settings).items()}
    found |= given
    if _wants_security_context(given, settings):
        found[PREFIX + "agent-set-security-context"] = "true"
    _backoff(found, "min", settings.min_backoff)
    _backoff(found, "max", settings.max_backoff)
    _patch(found, "agent-json-patch")
    _patch(found, "agent-init-json-patch")
    return found


def _check_settings(settings: Settings, namespace: str) -> None:
    if not settings.address:
        raise RefusalError("address for Vault required")
    if not settings.auth_path:
        raise RefusalError("Vault Auth Path required")
    if not namespace:
        raise RefusalError("kubernetes namespace required")


def _defaults(containers: list[str], namespace: str, settings: Settings) -> dict[str, str]:
    return {
        "service": settings.address,
        "auth-type": settings.auth_type or "kubernetes",
        "auth-path": settings.auth_path,
        "namespace": settings.namespace,
        "proxy-address": settings.proxy,
        "agent-image": settings.image or Settings().image,
        "agent-request-namespace": namespace,
        "agent-limits-cpu": settings.limit_cpu,
        "agent-limits-mem": settings.limit_memory,
        "agent-limits-ephemeral": settings.limit_ephemeral,
        "agent-requests-cpu": settings.request_cpu,
        "agent-requests-mem": settings.request_memory,
        "agent-requests-ephemeral": settings.request_ephemeral,
        "secret-volume-path": SECRETS_PATH,
        "agent-revoke-on-shutdown": _text(settings.revoke_on_shutdown),
        "agent-revoke-grace": "5",
        "log-level": "info",
        "log-format": "standard",
        "agent-service-account-token-volume-name": "",
        "agent-set-security-context": _text(settings.set_security_context),
        "agent-run-as-user": settings.user or "100",
        "agent-run-as-same-user": _text(settings.same_user),
        "agent-run-as-group": settings.group or "1000",
        "agent-cache-enable": "false",
        "agent-cache-listener-port": "8200",
        "agent-cache-use-auto-auth-token": "true",
        "agent-cache-exit-on-err": "false",
        "agent-inject-containers": ",".join(containers),
        "agent-inject-default-template": settings.default_template,
        "template-config-exit-on-retry-failure": _text(settings.exit_on_retry_failure),
        "template-static-secret-render-interval": settings.static_secret_render_interval,
        "template-max-connections-per-host": str(settings.max_connections_per_host),
        "agent-disable-idle-connections": settings.disable_idle_connections,
        "agent-disable-keep-alives": settings.disable_keep_alives,
    }


def _text(value: bool) -> str:
    return "true" if value else "false"


def _wants_security_context(given: Annotations, settings: Settings) -> bool:
    """An injector told to leave the security context alone sets one all the same for a pod that names a user."""
    names = ("agent-run-as-user", "agent-run-as-same-user", "agent-run-as-group")
    asked = any(PREFIX + name in given for name in names)
    return asked and not settings.set_security_context and PREFIX + "agent-set-security-context" not in given


def _backoff(found: dict[str, str], side: str, default: str) -> None:
    key = f"{PREFIX}auth-{side}-backoff"
    if key not in found:
        if default:
            found[key] = default
    elif found[key]:
        try:
            gotext.check_duration(found[key])
        except RefusalError as error:
            raise RefusalError(f"error parsing {side} backoff as duration: {error}") from error


def _patch(found: dict[str, str], name: str) -> None:
    key = PREFIX + name
    if found.get(key) == "":
        del found[key]
    elif key in found:
        try:
            read_patch(found[key])
        except RefusalError as error:
            raise RefusalError(f"error parsing JSON patch for annotation {key}: {error}") from error


def read_patch(text: str) -> list[dict[str, gojson.Tree]]:
    """A JSON patch as the injector's library decodes it; it checks no more than a list of objects.

    Raises RefusalError.
    """
    tree = gojson.read(text)
    match tree:
        case gojson.Token("null"):
            return []
        case list():
            return [_operation(item) for item in tree]
        case _:
            raise RefusalError(f"json: cannot unmarshal {gojson.kind(tree)} into Go value of type jsonpatch.Patch")


def _operation(item: gojson.Tree) -> dict[str, gojson.Tree]:
    match item:
        case dict():
            return item
        case gojson.Token("null"):
            return {}
        case _:
            what = gojson.kind(item)
            raise RefusalError(f"json: cannot unmarshal {what} into Go value of type jsonpatch.Operation")


def parameters(given: Annotations, name: str) -> dict[str, str]:
    """Annotations `name-X` by X with dashes turned into underscores; the last in order of name wins a clash."""
    prefix = f"{PREFIX}{name}-"
    return {key.removeprefix(prefix).replace("-", "_"): given[key] for key in sorted(given) if key.startswith(prefix)}


def telemetry(given: Annotations) -> dict[str, Json]:
    """The telemetry parameters: JSON where the text is JSON, else the text."""
    return {name: _loose(text) for name, text in parameters(given, "agent-telemetry").items()}


def _loose(text: str) -> Json:
    try:
        return _floats(gojson.value(gojson.read(text)))
    except (RefusalError, OverflowError):
        return text


def _floats(value: Json) -> Json:
    """Go reads every number as a 64-bit float."""
    match value:
        case bool():
            return value
        case int() | float():
            return gotext.number(float(value)) if float(value) != float("inf") else _overflow()
        case list():
            return [_floats(item) for item in value]
        case dict():
            return {key: _floats(item) for key, item in value.items()}
        case _:
            return value


def _overflow() -> Json:
    raise OverflowError
