"""Which service account token the agents log in with: a named projected volume, else the first mount like one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.injector import gotext
from migrate.injector.annotation import Annotations, get
from migrate.injector.podtypes import Decoded
from migrate.injector.refusal import RefusalError

_OWN_MOUNT = "/var/run/secrets/vault.hashicorp.com/serviceaccount"


@dataclass(frozen=True, slots=True)
class TokenVolume:
    """The volume, where the agents mount it, and the token's file below that."""

    volume: str
    mount: str
    file: str


def find(given: Annotations, pod: Decoded) -> TokenVolume:
    """The token volume of a pod. Raises RefusalError when there is none."""
    wanted = get(given, "agent-service-account-token-volume-name")
    return _named(pod, wanted) if wanted else _looking_like_one(pod)


def _mounts(pod: Decoded) -> Iterator[Decoded]:
    for container in pod.get("spec", {}).get("containers", []):
        yield from container.get("volumeMounts", [])


def _volumes(pod: Decoded) -> list[Decoded]:
    found: list[Decoded] = pod.get("spec", {}).get("volumes", [])
    return found


def _named(pod: Decoded, wanted: str) -> TokenVolume:
    for mount in _mounts(pod):
        if mount.get("name", "") == wanted:
            return TokenVolume(wanted, mount.get("mountPath", ""), _mounted_file(pod, wanted))
    for volume in _volumes(pod):
        if volume.get("name", "") == wanted:
            return TokenVolume(wanted, _OWN_MOUNT, _file(volume))
    raise RefusalError(f"failed to find service account volume {gotext.quote(wanted)}")


def _mounted_file(pod: Decoded, wanted: str) -> str:
    for volume in _volumes(pod):
        if volume.get("name", "") == wanted:
            return _file(volume)
    name = pod.get("metadata", {}).get("name", "")
    raise RefusalError(f"failed to find volume {gotext.quote(wanted)} in Pod {gotext.quote(name)} volumes")


def _file(volume: Decoded) -> str:
    for source in volume.get("projected", {}).get("sources", []):
        path: str = source.get("serviceAccountToken", {}).get("path", "")
        if path:
            return path
    name = gotext.quote(volume.get("name", ""))
    raise RefusalError(f"failed to find tokenPath for projected volume {name}")


def _looking_like_one(pod: Decoded) -> TokenVolume:
    for mount in _mounts(pod):
        if "serviceaccount" in mount.get("mountPath", ""):
            return TokenVolume(mount.get("name", ""), mount["mountPath"], "token")
    raise RefusalError("failed to find service account volume mount")


def aws_mount(pod: Decoded) -> tuple[str, str]:
    """Volume and path of the first mount that serves AWS identities, or two empty texts."""
    for mount in _mounts(pod):
        if "eks.amazonaws.com" in mount.get("mountPath", ""):
            return mount.get("name", ""), mount["mountPath"]
    return "", ""
