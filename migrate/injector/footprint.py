"""What injection costs and brings one workload, for planners and reports. Read off a prediction, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from migrate.injector import quantity
from migrate.injector.agent import Agent
from migrate.injector.prediction import Mutated
from migrate.injector.refusal import RefusalError
from migrate.injector.secret import Secret, clean_join

_DEFAULT_MODE = "0644"
_TOKEN_MODE = "0640"


@dataclass(frozen=True, slots=True)
class File:
    """A file the agents write. `mode` is octal text as configured, `uid`/`gid` of the agent that writes it
    (None when the image decides), `secret` the Vault path of the default template or ""."""

    path: str
    mode: str
    uid: int | None
    gid: int | None
    secret: str


@dataclass(frozen=True, slots=True)
class Mount:
    """A directory an application container gets."""

    container: str
    volume: str
    path: str


@dataclass(frozen=True, slots=True)
class Resources:
    """CPU in cores and memory in bytes, exact."""

    cpu: Fraction
    memory: Fraction


@dataclass(frozen=True, slots=True)
class Footprint:
    """What is added: containers (init ones first), files, and what the application sees.

    `running` are the requests that last as long as the pod; `starting` those of the init container, which
    count only where they exceed the sum of the others.
    With a ConfigMap of the user's own the files are unknown and `files` is empty.
    """

    init_containers: tuple[str, ...]
    containers: tuple[str, ...]
    files: tuple[File, ...]
    mounts: tuple[Mount, ...]
    running: Resources
    starting: Resources


def footprint(mutated: Mutated) -> Footprint:
    """The footprint of a mutated pod."""
    before, after = _spec(mutated.agent.pod), _spec(mutated.pod)
    init = _new(before, after, "initContainers")
    running = _new(before, after, "containers")
    return Footprint(
        init_containers=tuple(container.get("name", "") for container in init),
        containers=tuple(container.get("name", "") for container in running),
        files=_files(mutated.agent),
        mounts=_mounts(before, after),
        running=_requests(running),
        starting=_requests(init),
    )


def _spec(pod: Any) -> dict[str, Any]:
    found = pod.get("spec")
    return found if isinstance(found, dict) else {}


def _items(spec: dict[str, Any], field: str) -> list[dict[str, Any]]:
    return [item or {} for item in spec.get(field) or []]


def _new(before: dict[str, Any], after: dict[str, Any], field: str) -> list[dict[str, Any]]:
    """The containers that were not there; agents are appended or put first, so the counts tell which."""
    known = [item.get("name", "") for item in _items(before, field)]
    added = []
    for item in _items(after, field):
        if item.get("name", "") in known:
            known.remove(item.get("name", ""))
        else:
            added.append(item)
    return added


def _files(agent: Agent) -> tuple[File, ...]:
    if agent.text("agent-configmap"):
        return ()
    context = agent.switches.security_context
    uid = agent.switches.user if context else None
    gid = agent.switches.group if context else None
    found = [File(item.destination, item.perms or _DEFAULT_MODE, uid, gid, _path(item)) for item in agent.secrets]
    if agent.switches.inject_token:
        place = clean_join(agent.text("secret-volume-path"), "token")
        found.append(File(place, _TOKEN_MODE, uid, gid, ""))
    return tuple(sorted(found, key=lambda file: file.path))


def _path(item: Secret) -> str:
    """A template of one's own names its paths itself."""
    return "" if item.template or item.template_file else item.path


def _mounts(before: dict[str, Any], after: dict[str, Any]) -> tuple[Mount, ...]:
    found = []
    for field in ("initContainers", "containers"):
        old = {item.get("name", ""): item for item in _items(before, field)}
        for item in _items(after, field):
            name = item.get("name", "")
            if name in old:
                had = len(old[name].get("volumeMounts") or [])
                for mount in (item.get("volumeMounts") or [])[had:]:
                    found.append(Mount(name, mount.get("name", ""), mount.get("mountPath", "")))
    return tuple(found)


def _requests(containers: list[dict[str, Any]]) -> Resources:
    asked = [(container.get("resources") or {}).get("requests") or {} for container in containers]
    return Resources(
        sum((_amount(item.get("cpu", "0")) for item in asked), Fraction(0)),
        sum((_amount(item.get("memory", "0")) for item in asked), Fraction(0)),
    )


def _amount(text: object) -> Fraction:
    try:
        return quantity.parse(str(text)).amount
    except RefusalError:
        return Fraction(0)
