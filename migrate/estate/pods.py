"""Pod specs, wherever they stand: in workloads, CronJobs, or custom resources that carry a pod template."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from migrate.estate.facts import Container, Use
from migrate.estate.fields import key_of
from migrate.model.json import Json, Pointer, numbered, pointer_text, text


class Pod(NamedTuple):
    """One pod spec found in an object."""

    at: Pointer
    template: bool
    """True where a `metadata` can stand beside it, so that annotations reach the pod."""
    service_account: str
    containers: tuple[Container, ...]
    uses: tuple[Use, ...]


def pods(value: Json, at: Pointer = ()) -> Iterator[Pod]:
    """Every pod spec below `value`."""
    if isinstance(value, dict):
        if _is_pod_spec(value):
            yield _pod(value, at)
            return
        for key, child in value.items():
            if isinstance(child, dict | list):
                yield from pods(child, (*at, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            if isinstance(child, dict | list):
                yield from pods(child, (*at, index))


def _is_pod_spec(value: dict[str, Json]) -> bool:
    containers = value.get("containers")
    return isinstance(containers, list) and any(
        isinstance(item, dict) and ("image" in item or "name" in item) for item in containers
    )


def _pod(spec: dict[str, Json], at: Pointer) -> Pod:
    containers: list[Container] = []
    uses: list[Use] = []
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for index, item in numbered(spec.get(field)):
            container = _container(item, init=field == "initContainers")
            containers.append(container)
            uses.extend(_container_uses(item, container.name, (*at, field, index)))
    uses.extend(_volumes(spec, at))
    for index, item in numbered(spec.get("imagePullSecrets")):
        if name := text(item.get("name")):
            uses.append(Use(name, "", "imagePullSecrets", pointer_text((*at, "imagePullSecrets", index, "name"))))
    account = text(spec.get("serviceAccountName")) or text(spec.get("serviceAccount"))
    return Pod(at, at == ("spec",) or at[-1:] == ("spec",), account, tuple(containers), tuple(uses))


def _container(item: dict[str, Json], *, init: bool) -> Container:
    return Container(text(item.get("name")), text(item.get("image")), init, bool(item.get("command")))


def _container_uses(item: dict[str, Json], container: str, at: Pointer) -> Iterator[Use]:
    yield from environment(item.get("env"), container, (*at, "env"), "env")
    yield from environment_from(item.get("envFrom"), container, (*at, "envFrom"), "envFrom")


def environment(value: Json, container: str, at: Pointer, how: str) -> Iterator[Use]:
    """`env` lists: `[{name, valueFrom: {secretKeyRef}}]`."""
    for index, item in numbered(value):
        source = item.get("valueFrom")
        reference = source.get("secretKeyRef") if isinstance(source, dict) else None
        if isinstance(reference, dict) and (name := text(reference.get("name"))):
            pointer = pointer_text((*at, index, "valueFrom", "secretKeyRef", "name"))
            variable = text(item.get("name"))
            yield Use(name, "", how, pointer, container, key_of(reference), variable)


def environment_from(value: Json, container: str, at: Pointer, how: str) -> Iterator[Use]:
    """`envFrom` lists: `[{secretRef: {name}, prefix}]`."""
    for index, item in numbered(value):
        reference = item.get("secretRef")
        if isinstance(reference, dict) and (name := text(reference.get("name"))):
            pointer = pointer_text((*at, index, "secretRef", "name"))
            yield Use(name, "", how, pointer, container, (), text(item.get("prefix")))


def _volumes(spec: dict[str, Json], at: Pointer) -> Iterator[Use]:
    for index, volume in numbered(spec.get("volumes")):
        here = (*at, "volumes", index)
        mounts = _mounts(spec, text(volume.get("name")))
        yield from _secret_volume(volume, mounts, here)
        yield from _projected(volume, mounts, here)
        for driver in (
            "csi",
            "flexVolume",
            "iscsi",
            "rbd",
            "cephfs",
            "cinder",
            "azureFile",
            "scaleIO",
            "storageos",
        ):
            yield from _driver(volume.get(driver), (*here, driver))


def _secret_volume(volume: dict[str, Json], mounts: list[tuple[str, bool]], at: Pointer) -> Iterator[Use]:
    secret = volume.get("secret")
    if not isinstance(secret, dict) or not (name := text(secret.get("secretName"))):
        return
    items = [item for _, item in numbered(secret.get("items"))]
    whole = bool(mounts) and not items and not any(sub_path for _, sub_path in mounts)
    keys = tuple(key for item in items if (key := text(item.get("key"))))
    pointer = pointer_text((*at, "secret", "secretName"))
    for container in _containers(mounts):
        yield Use(name, "", "volume", pointer, container, keys, "", whole)


def _projected(volume: dict[str, Json], mounts: list[tuple[str, bool]], at: Pointer) -> Iterator[Use]:
    projected = volume.get("projected")
    sources = projected.get("sources") if isinstance(projected, dict) else None
    for index, source in numbered(sources):
        secret = source.get("secret")
        if isinstance(secret, dict) and (name := text(secret.get("name"))):
            pointer = pointer_text((*at, "projected", "sources", index, "secret", "name"))
            for container in _containers(mounts):
                yield Use(name, "", "projected", pointer, container)


def _driver(driver: Json, at: Pointer) -> Iterator[Use]:
    if not isinstance(driver, dict):
        return
    for field in ("nodePublishSecretRef", "secretRef"):
        reference = driver.get(field)
        if isinstance(reference, dict) and (name := text(reference.get("name"))):
            yield Use(name, "", "secretRef", pointer_text((*at, field, "name")))
    if name := text(driver.get("secretName")):
        yield Use(name, "", "secretRef", pointer_text((*at, "secretName")))


def _mounts(spec: dict[str, Json], volume: str) -> list[tuple[str, bool]]:
    """(container, by subPath) for each mount of a volume."""
    found: list[tuple[str, bool]] = []
    for field in ("initContainers", "containers"):
        for _, container in numbered(spec.get(field)):
            for _, mount in numbered(container.get("volumeMounts")):
                if mount.get("name") == volume:
                    by_path = bool(mount.get("subPath") or mount.get("subPathExpr"))
                    found.append((text(container.get("name")), by_path))
    return found


def _containers(mounts: list[tuple[str, bool]]) -> list[str]:
    """Who mounts it; a volume that nobody mounts still makes the kubelet read the Secret."""
    return list(dict.fromkeys(container for container, _ in mounts)) or [""]
