"""The configuration file of an agent: what the base64 text in `VAULT_CONFIG` says.

Source: vault-k8s 1.7.6. Fields are in Go's order so that the bytes are Go's too, the order of templates apart.
"""

from __future__ import annotations

import json
import math
from typing import Any

from migrate.injector import gojson, gotext, podtypes
from migrate.injector.agent import Agent
from migrate.injector.refusal import RefusalError
from migrate.injector.secret import Secret, clean_join
from migrate.injector.volumes import CACHE_PATH
from migrate.model.json import Json

TOKEN_FILE = "/home/vault/.vault-token"
_TEMPLATES = {
    "map": '{{ with secret "%s" }}{{ range $k, $v := .Data }}{{ $k }}: {{ $v }}\n{{ end }}{{ end }}',
    "json": '{{ with secret "%s" }}{{ .Data | toJSON }}\n{{ end }}',
}


def render(agent: Agent, *, init: bool) -> str:
    """The configuration as the text Go would write. Raises RefusalError when JSON cannot hold it."""
    threshold = agent.switches.renewal_threshold
    if not math.isfinite(threshold):
        shown = "NaN" if math.isnan(threshold) else "+Inf" if threshold > 0 else "-Inf"
        raise RefusalError(f"json: unsupported value: {shown}")
    return written(configuration(agent, init=init))


def written(document: Json) -> str:
    """Compact JSON with Go's escapes."""
    return gojson.escaped(json.dumps(document, ensure_ascii=False, separators=(",", ":")))


def configuration(agent: Agent, *, init: bool) -> dict[str, Json]:
    """The configuration of the init container (`init`) or the sidecar as a document."""
    found: dict[str, Any] = {
        "auto_auth": {"method": _method(agent), "sink": _sinks(agent)},
        "exit_after_auth": init,
        "pid_file": "/home/vault/.pid",
        "vault": _vault(agent),
    }
    found |= _filled({"template": [_template(agent, item) for item in agent.secrets]})
    found |= _listening(agent, init=init)
    found["template_config"] = _template_config(agent)
    found |= _filled(
        {
            "disable_idle_connections": agent.names("agent-disable-idle-connections"),
            "disable_keep_alives": agent.names("agent-disable-keep-alives"),
        }
    )
    return found | _telemetry(agent)


def _filled(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value}


def _method(agent: Agent) -> dict[str, Json]:
    return {"type": agent.text("auth-type")} | _filled(
        {
            "mount_path": agent.text("auth-path"),
            "min_backoff": agent.text("auth-min-backoff"),
            "max_backoff": agent.text("auth-max-backoff"),
            "namespace": agent.text("namespace"),
            "config": dict(sorted(agent.auth_config.items())),
            "exit_on_err": agent.switches.auth_exit_on_err,
        }
    )


def _sinks(agent: Agent) -> list[Json]:
    paths = [TOKEN_FILE]
    if agent.switches.inject_token:
        paths.append(clean_join(agent.text("secret-volume-path"), "token"))
    return [{"type": "file", "config": {"path": path}} for path in paths]


def _vault(agent: Agent) -> dict[str, Json]:
    return {"address": agent.text("service")} | _filled(
        {
            "ca_cert": agent.text("ca-cert"),
            "ca_path": agent.text("ca-key"),
            "tls_skip_verify": agent.switches.tls_skip_verify,
            "client_cert": agent.text("client-cert"),
            "client_key": agent.text("client-key"),
            "tls_server_name": agent.text("tls-server-name"),
        }
    )


def _template(agent: Agent, item: Secret) -> dict[str, Json]:
    contents = item.template
    if not item.template_file and not contents:
        contents = _TEMPLATES[agent.default_template].replace("%s", item.path)
    return {"destination": item.destination} | _filled(
        {
            "contents": contents,
            "left_delimiter": item.left or "{{",
            "right_delimiter": item.right or "}}",
            "command": item.command,
            "source": item.template_file,
            "perms": item.perms,
            "error_on_missing_key": item.error_on_missing_key,
        }
    )


def _listening(agent: Agent, *, init: bool) -> dict[str, Any]:
    """Listener and cache. The quit endpoint needs a listener, and a listener needs a cache, if an empty one."""
    switches = agent.switches
    cache: dict[str, Any] | None = None
    if agent.persistent_cache:
        persist = {"type": "kubernetes", "path": CACHE_PATH} | _filled({"exit_on_err": switches.cache_exit_on_err})
        cache = _use_token(agent) | {"persist": persist}
    elif switches.cache and not switches.pre_populate_only and not init:
        cache = _use_token(agent)
    if cache is None and not switches.enable_quit:
        return {}
    return {"listener": [_listener(agent)], "cache": cache or {}}


def _use_token(agent: Agent) -> dict[str, Any]:
    return _filled({"use_auto_auth_token": agent.text("agent-cache-use-auto-auth-token")})


def _listener(agent: Agent) -> dict[str, Json]:
    address = f"127.0.0.1:{agent.text('agent-cache-listener-port')}"
    found: dict[str, Json] = {"type": "tcp", "address": address, "tls_disable": True}
    if agent.switches.enable_quit:
        found["agent_api"] = {"enable_quit": True}
    return found


def _template_config(agent: Agent) -> dict[str, Json]:
    switches = agent.switches
    return {"exit_on_retry_failure": switches.exit_on_retry_failure} | _filled(
        {
            "static_secret_render_interval": agent.text("template-static-secret-render-interval"),
            "max_connections_per_host": switches.max_connections,
            "lease_renewal_threshold": gotext.number(switches.renewal_threshold),
        }
    )


def _telemetry(agent: Agent) -> dict[str, Json]:
    """One ill-typed parameter and the injector silently drops the whole stanza."""
    if not agent.telemetry:
        return {}
    try:
        read = podtypes.decode("Telemetry", agent.telemetry)
    except RefusalError:
        return {}
    return {"telemetry": podtypes.encode("Telemetry", read)}
