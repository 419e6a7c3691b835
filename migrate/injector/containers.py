"""The two containers the injector adds: `vault-agent-init` and the sidecar `vault-agent`.

Values are containers as Go writes them. Raises RefusalError where the injector refuses while it builds them.
"""

from __future__ import annotations

import base64
import binascii

from migrate.injector import agentconfig, containerpatch, podtypes, quantity, volumes
from migrate.injector.agent import Agent
from migrate.injector.podtypes import Decoded

INIT = "vault-agent-init"
SIDECAR = "vault-agent"
_RUN = "echo ${VAULT_CONFIG?} | base64 -d > /home/vault/config.json && vault agent -config=/home/vault/config.json"
_AWS = frozenset({"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_DEFAULT_REGION", "AWS_REGION"})
_FIELDS = (("NAMESPACE", "metadata.namespace"), ("HOST_IP", "status.hostIP"), ("POD_IP", "status.podIP"))


def init_container(agent: Agent) -> Decoded:
    """The container that fetches the secrets before the application starts."""
    return containerpatch.apply(_container(agent, init=True), agent.text("agent-init-json-patch"))


def sidecar(agent: Agent) -> Decoded:
    """The container that keeps the secrets fresh."""
    return containerpatch.apply(_container(agent, init=False), agent.text("agent-json-patch"))


def _container(agent: Agent, *, init: bool) -> Decoded:
    found: Decoded = {
        "name": INIT if init else SIDECAR,
        "image": agent.text("agent-image"),
        "command": ["/bin/sh", "-ec"],
        "args": [_command(agent, init=init)],
        "env": _environment(agent, init=init),
        "resources": _resources(agent),
        "volumeMounts": volumes.agent_mounts(agent, init=init),
    }
    if not init:
        found["lifecycle"] = _lifecycle(agent)
    if agent.switches.security_context:
        found["securityContext"] = _security_context(agent)
    return podtypes.encode("Container", found)


def _command(agent: Agent, *, init: bool) -> str:
    if not agent.text("agent-configmap"):
        return _RUN
    file = "config-init.hcl" if init else "config.hcl"
    return f"touch {agentconfig.TOKEN_FILE} && vault agent -config={volumes.CONFIG_PATH}/{file}"


def _environment(agent: Agent, *, init: bool) -> list[Decoded]:
    found: list[Decoded] = [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in _FIELDS]
    found += _texts(
        agent,
        ("GOMAXPROCS", "go-max-procs"),
        ("VAULT_CLIENT_TIMEOUT", "client-timeout"),
        ("VAULT_MAX_RETRIES", "client-max-retries"),
        ("VAULT_LOG_LEVEL", "log-level"),
        ("VAULT_LOG_FORMAT", "log-format"),
        ("HTTPS_PROXY", "proxy-address"),
    )
    found += _connection(agent) if agent.text("agent-configmap") else [_config(agent, init=init)]
    if agent.ca_bytes:
        found.append({"name": "VAULT_CACERT_BYTES", "value": _plain(agent.ca_bytes)})
    return found + _aws(agent)


def _texts(agent: Agent, *pairs: tuple[str, str]) -> list[Decoded]:
    return [{"name": name, "value": agent.text(key)} for name, key in pairs if agent.text(key)]


def _config(agent: Agent, *, init: bool) -> Decoded:
    text = agentconfig.render(agent, init=init).encode("utf-8", "replace")
    return {"name": "VAULT_CONFIG", "value": base64.b64encode(text).decode()}


def _connection(agent: Agent) -> list[Decoded]:
    """With a configuration of the user's own, Vault is made known by variables: it may lack a `vault` stanza."""
    skip = "true" if agent.switches.tls_skip_verify else "false"
    return [
        *_texts(
            agent,
            ("VAULT_ADDR", "service"),
            ("VAULT_CACERT", "ca-cert"),
            ("VAULT_CAPATH", "ca-key"),
            ("VAULT_CLIENT_CERT", "client-cert"),
            ("VAULT_CLIENT_KEY", "client-key"),
        ),
        {"name": "VAULT_SKIP_VERIFY", "value": skip},
        *_texts(agent, ("VAULT_TLS_SERVER_NAME", "tls-server-name")),
    ]


def _plain(text: str) -> str:
    """PEM, or the base64 of it; Go's decoder skips line breaks and takes no other alphabet."""
    try:
        decoded = base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return text
    return decoded.decode("utf-8", "replace")


def _aws(agent: Agent) -> list[Decoded]:
    """AWS identities: the first value of each variable over all containers. Go's order is random, ours by name."""
    if agent.text("auth-type") != "aws":
        return []
    seen: dict[str, str] = {}
    for container in agent.pod.get("spec", {}).get("containers", []):
        for variable in container.get("env", []):
            if variable.get("name", "") in _AWS:
                seen.setdefault(variable["name"], variable.get("value", ""))
    found: list[Decoded] = [{"name": name, "value": seen[name]} for name in sorted(seen)]
    if "region" in agent.auth_config:
        found.append({"name": "AWS_REGION", "value": agent.auth_config["region"]})
    return found


def _resources(agent: Agent) -> Decoded:
    found: Decoded = {}
    for side in ("limits", "requests"):
        pairs = (("cpu", "cpu"), ("memory", "mem"), ("ephemeral-storage", "ephemeral"))
        texts = {resource: agent.text(f"agent-{side}-{short}") for resource, short in pairs}
        found[side] = {resource: quantity.parse(text).text for resource, text in texts.items() if text}
    return found


def _lifecycle(agent: Agent) -> Decoded:
    if not agent.switches.revoke_on_shutdown:
        return {}
    flags = [f"-address={agent.text('service')}"]
    flags += [f"-{name}={agent.text(name)}" for name in ("ca-cert", "client-cert", "client-key") if agent.text(name)]
    command = f"/bin/sleep {agent.switches.revoke_grace} && /bin/vault token revoke {' '.join([*flags, '-self'])}"
    return {"preStop": {"exec": {"command": ["/bin/sh", "-c", command]}}}


def _security_context(agent: Agent) -> Decoded:
    user, group = agent.switches.user, agent.switches.group
    return {
        "capabilities": {"drop": ["ALL"]},
        "runAsUser": user,
        "runAsGroup": group,
        "runAsNonRoot": user != 0 and group != 0,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
    }
