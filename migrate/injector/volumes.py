"""Volumes and mounts the injector adds. All its empty directories live in memory, without a size limit."""

from __future__ import annotations

from migrate.injector.agent import Agent
from migrate.injector.podtypes import Decoded

HOME = "/home/vault"
CONFIG_PATH = "/vault/configs"
CACHE_PATH = "/vault/agent-cache"
SECRETS = "vault-secrets"
_INIT_HOME = "home-init"
_SIDECAR_HOME = "home-sidecar"


def _memory(name: str) -> Decoded:
    return {"name": name, "emptyDir": {"medium": "Memory"}}


def _mount(name: str, path: str, *, read_only: bool = False) -> Decoded:
    mount: Decoded = {"name": name}
    if read_only:
        mount["readOnly"] = True
    mount["mountPath"] = path
    return mount


def added(agent: Agent) -> list[list[Decoded]]:
    """The volumes in the injector's groups: each group takes the pod's own list as it was before any of them."""
    groups = [_homes(agent), _secrets(agent)]
    if agent.text("agent-configmap"):
        groups.append([{"name": "vault-config", "configMap": {"name": agent.text("agent-configmap")}}])
    if agent.text("agent-extra-secret"):
        groups.append([{"name": "extra-secrets", "secret": {"secretName": agent.text("agent-extra-secret")}}])
    if agent.text("tls-secret"):
        groups.append([{"name": "vault-tls-secrets", "secret": {"secretName": agent.text("tls-secret")}}])
    if agent.persistent_cache:
        groups.append([_memory("vault-agent-cache")])
    return groups


def _homes(agent: Agent) -> list[Decoded]:
    wanted = [
        (agent.switches.pre_populate, _INIT_HOME),
        (not agent.switches.pre_populate_only, _SIDECAR_HOME),
    ]
    return [_memory(name) for asked, name in wanted if asked]


def _secrets(agent: Agent) -> list[Decoded]:
    return [_memory(SECRETS), *(_memory(_extra(at)) for at in range(len(agent.extra_mounts)))]


def _extra(at: int) -> str:
    return f"{SECRETS}-custom-{at}"


def secret_mounts(agent: Agent) -> list[Decoded]:
    """What every chosen container gets, read-write: the secrets' directories."""
    mounts = [_mount(SECRETS, agent.text("secret-volume-path"))]
    return mounts + [_mount(_extra(at), path) for at, path in enumerate(agent.extra_mounts)]


def agent_mounts(agent: Agent, *, init: bool) -> list[Decoded]:
    """The mounts of an agent container, in order."""
    home = _mount(_INIT_HOME if init else _SIDECAR_HOME, HOME)
    token = _mount(agent.token.volume, agent.token.mount, read_only=True)
    mounts = [home, token] if init else [token, home]
    if all(agent.aws_mount):
        mounts.append(_mount(*agent.aws_mount, read_only=True))
    mounts += secret_mounts(agent)
    if agent.text("agent-extra-secret"):
        mounts.append(_mount("extra-secrets", "/vault/custom", read_only=True))
    if agent.text("agent-copy-volume-mounts"):
        mounts += _copied(agent)
    if agent.text("agent-configmap"):
        mounts.append(_mount("vault-config", CONFIG_PATH, read_only=True))
    if agent.text("tls-secret"):
        mounts.append(_mount("vault-tls-secrets", "/vault/tls", read_only=True))
    if agent.persistent_cache:
        mounts.append(_mount("vault-agent-cache", CACHE_PATH))
    return mounts


def _copied(agent: Agent) -> list[Decoded]:
    """The mounts of every container, init ones last, with the wanted name; tokens stay behind."""
    spec = agent.pod.get("spec", {})
    wanted = agent.text("agent-copy-volume-mounts")
    return [
        mount
        for container in [*spec.get("containers", []), *spec.get("initContainers", [])]
        if container.get("name", "") == wanted
        for mount in container.get("volumeMounts", [])
        if "serviceaccount" not in mount.get("mountPath", "").lower()
    ]
