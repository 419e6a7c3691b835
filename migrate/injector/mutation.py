"""What the injector writes: JSON patch operations on the pod, in its order, and how they land.

The order is visible in the result, and so is one oddity: each group of volumes looks at the pod as it came, so
on a pod without any volume a later group replaces an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from migrate.injector import annotation, containers, podtypes, volumes
from migrate.injector.agent import Agent
from migrate.injector.podtypes import Decoded
from migrate.model.json import Json, pointer_text


@dataclass(frozen=True, slots=True)
class Add:
    """Put a value at a place; the last token `-` appends to a list."""

    at: tuple[str | int, ...]
    value: Any


@dataclass(frozen=True, slots=True)
class Remove:
    """Take away what is at a place."""

    at: tuple[str | int, ...]


Operation: TypeAlias = Add | Remove


class UnfitError(Exception):
    """The patch does not apply to the pod as it was sent."""


def operations(agent: Agent) -> list[Operation]:
    """Everything the injector changes. Raises RefusalError and CrashError."""
    spec = agent.pod.get("spec", {})
    found: list[Operation] = []
    for group in volumes.added(agent):
        found += _listed(("spec", "volumes"), bool(spec.get("volumes")), group)
    mounts = volumes.secret_mounts(agent)
    chosen = frozenset(agent.text("agent-inject-containers").split(","))
    for at, container in enumerate(spec.get("containers", [])):
        if container.get("name", "") in chosen:
            found += _mounted(("spec", "containers", at), container, mounts)
    if agent.switches.pre_populate:
        found += _init(agent, spec.get("initContainers", []), mounts)
    if not agent.switches.pre_populate_only:
        sidecar = containers.sidecar(agent)
        found += _listed(("spec", "containers"), bool(spec.get("containers")), [sidecar])
    found.append(Add(("metadata", "annotations", annotation.STATUS), annotation.INJECTED))
    return found


def _listed(at: tuple[str | int, ...], exists: bool, items: Iterable[Decoded]) -> list[Operation]:
    """Append items to a list; where the pod had none, the first one makes it."""
    found: list[Operation] = []
    for item in items:
        found.append(Add((*at, "-"), item) if exists else Add(at, [item]))
        exists = True
    return found


def _mounted(at: tuple[str | int, ...], container: Decoded, mounts: list[Decoded]) -> list[Operation]:
    return _listed((*at, "volumeMounts"), bool(container.get("volumeMounts")), mounts)


def _init(agent: Agent, existing: list[Decoded], mounts: list[Decoded]) -> list[Operation]:
    """The init container last, or first with all others taken out and put back through Go's types."""
    ours = containers.init_container(agent)
    place: tuple[str | int, ...] = ("spec", "initContainers")
    found: list[Operation] = []
    after = existing
    if agent.switches.init_first:
        if existing:
            found.append(Remove(place))
        after = [ours, *existing]
        found += _listed(place, False, [ours, *(podtypes.encode("Container", item) for item in existing)])
    else:
        found += _listed(place, bool(existing), [ours])
    for at, container in enumerate(after):
        if container.get("name", "") != containers.INIT:
            found += _mounted((*place, at), container, mounts)
    if agent.switches.share_process_namespace is not None:
        found.append(Add(("spec", "shareProcessNamespace"), agent.switches.share_process_namespace))
    return found


def patch(found: Iterable[Operation]) -> list[Json]:
    """The operations as an RFC 6902 document."""
    return [_written(operation) for operation in found]


def _written(operation: Operation) -> Json:
    match operation:
        case Add(at, value):
            return {"op": "add", "path": pointer_text(at), "value": value}
        case Remove(at):
            return {"op": "remove", "path": pointer_text(at)}


def apply(found: Iterable[Operation], pod: dict[str, Json]) -> dict[str, Json]:
    """The pod after the operations; the one given stays as it is. Raises UnfitError."""
    result: dict[str, Json] = _copy(pod)
    for operation in found:
        try:
            _land(operation, result)
        except (KeyError, IndexError, TypeError) as error:
            raise UnfitError(f"nothing at {pointer_text(operation.at)}") from error
    return result


def _land(operation: Operation, pod: dict[str, Json]) -> None:
    *way, last = operation.at
    here: Any = pod
    for step in way:
        here = here[step]
    match operation:
        case Remove():
            del here[last]
        case Add(_, value) if isinstance(here, list):
            here.append(_copy(value))
        case Add(_, value) if isinstance(here, dict):
            here[last] = _copy(value)
        case _:
            raise TypeError


def _copy(value: Any) -> Any:
    """JSON values need none of the care of copy.deepcopy, which took half the time of a prediction."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
