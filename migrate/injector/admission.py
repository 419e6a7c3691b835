"""What the API server does around the injector: what it would refuse afterwards, and how a template arrives.

Kept apart from the injector's refusals on purpose: a pod can be mutated and still never exist. Source: the pod
validation of Kubernetes 1.34 and its ServiceAccount admission. Not all of validation, only what injection
can bring about: duplicates, mounts of nothing, requests above limits, user ids out of range.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from migrate.injector import quantity
from migrate.injector.refusal import RefusalError
from migrate.model.json import Json

_MAX_ID = 2**31 - 1
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_FAULT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
    "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def refusals(pod: dict[str, Json]) -> list[str]:
    """What the API server would say to this pod, field by field, as its error list does."""
    spec: Any = pod.get("spec") if isinstance(pod.get("spec"), dict) else {}
    volumes = _dicts(spec.get("volumes"))
    found = list(_duplicates("spec.volumes", "name", volumes))
    known = {str(volume.get("name", "")) for volume in volumes}
    regular, init = _dicts(spec.get("containers")), _dicts(spec.get("initContainers"))
    found += _names(regular, init)
    for place, containers in (("spec.containers", regular), ("spec.initContainers", init)):
        for at, container in enumerate(containers):
            found += _container(f"{place}[{at}]", container, known)
    return found


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item if isinstance(item, dict) else {} for item in value] if isinstance(value, list) else []


def _duplicates(place: str, field: str, items: list[dict[str, Any]]) -> Iterator[str]:
    seen: set[str] = set()
    for at, item in enumerate(items):
        name = str(item.get(field, ""))
        if name in seen:
            yield f'{place}[{at}].{field}: Duplicate value: "{name}"'
        seen.add(name)


def _names(regular: list[dict[str, Any]], init: list[dict[str, Any]]) -> Iterator[str]:
    """Container names are unique over both lists, and DNS labels."""
    yield from _duplicates("spec.containers", "name", regular)
    taken = {str(item.get("name", "")) for item in regular}
    for at, item in enumerate(init):
        name = str(item.get("name", ""))
        if name in taken:
            yield f'spec.initContainers[{at}].name: Duplicate value: "{name}"'
        taken.add(name)
    for place, items in (("spec.containers", regular), ("spec.initContainers", init)):
        for at, item in enumerate(items):
            yield from _label(f"{place}[{at}].name", str(item.get("name", "")))


def _label(place: str, name: str) -> Iterator[str]:
    if not name:
        yield f"{place}: Required value"
    elif not _LABEL.fullmatch(name):
        yield f'{place}: Invalid value: "{name}": {_LABEL_FAULT}'


def _container(place: str, container: dict[str, Any], volumes: set[str]) -> Iterator[str]:
    yield from _mounts(f"{place}.volumeMounts", _dicts(container.get("volumeMounts")), volumes)
    resources = container.get("resources")
    if isinstance(resources, dict):
        yield from _resources(f"{place}.resources", resources)
    context = container.get("securityContext")
    for field in ("runAsUser", "runAsGroup"):
        number = context.get(field) if isinstance(context, dict) else None
        if isinstance(number, int) and not 0 <= number <= _MAX_ID:
            where = f"{place}.securityContext.{field}"
            yield f"{where}: Invalid value: {number}: must be between 0 and {_MAX_ID}, inclusive"


def _mounts(place: str, mounts: list[dict[str, Any]], volumes: set[str]) -> Iterator[str]:
    paths: set[str] = set()
    for at, mount in enumerate(mounts):
        name, path = str(mount.get("name", "")), str(mount.get("mountPath", ""))
        if name not in volumes:
            yield f'{place}[{at}].name: Not found: "{name}"' if name else f"{place}[{at}].name: Required value"
        if not path:
            yield f"{place}[{at}].mountPath: Required value"
        elif path in paths:
            yield f'{place}[{at}].mountPath: Invalid value: "{path}": must be unique'
        paths.add(path)


def _resources(place: str, resources: dict[str, Any]) -> Iterator[str]:
    limits, requests = resources.get("limits"), resources.get("requests")
    for name, asked in (requests if isinstance(requests, dict) else {}).items():
        limit = limits.get(name) if isinstance(limits, dict) else None
        if limit is not None and _amount(asked) > _amount(limit):
            text = f"must be less than or equal to {name} limit of {limit}"
            yield f'{place}.requests: Invalid value: "{asked}": {text}'
    for side in ("limits", "requests"):
        given = resources.get(side)
        for name, asked in (given if isinstance(given, dict) else {}).items():
            if _amount(asked) < 0:
                text = "must be greater than or equal to 0"
                yield f'{place}.{side}[{name}]: Invalid value: "{asked}": {text}'


def _amount(text: object) -> Any:
    try:
        return quantity.parse(str(text)).amount
    except RefusalError:
        return 0


def with_service_account_token(pod: dict[str, Json], *, automount: bool) -> dict[str, Json]:
    """The pod as the injector meets it when a controller creates it from a template.

    The API server adds the service account's token to every container before it asks any webhook, unless
    the pod (or, `automount` false, its ServiceAccount) says no.
    """
    spec: Any = pod.get("spec")
    if not isinstance(spec, dict):
        return pod
    wanted = spec.get("automountServiceAccountToken", automount)
    if wanted is False:
        return pod
    changed = {**spec, "volumes": [*(spec.get("volumes") or []), _token_volume()]}
    for place in ("initContainers", "containers"):
        if isinstance(spec.get(place), list):
            changed[place] = [_with_token_mount(container) for container in spec[place]]
    return {**pod, "spec": changed}


def _with_token_mount(container: Any) -> Any:
    if not isinstance(container, dict):
        return container
    mounts = container.get("volumeMounts")
    if any(mount.get("mountPath") == TOKEN_MOUNT for mount in _dicts(mounts)):
        return container
    mine = {"name": "kube-api-access", "readOnly": True, "mountPath": TOKEN_MOUNT}
    return {**container, "volumeMounts": [*(mounts if isinstance(mounts, list) else []), mine]}


def _token_volume() -> dict[str, Json]:
    """The real name carries five random letters; here it has none."""
    sources: list[Json] = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {
            "downwardAPI": {
                "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
            }
        },
    ]
    return {"name": "kube-api-access", "projected": {"sources": sources, "defaultMode": 420}}
