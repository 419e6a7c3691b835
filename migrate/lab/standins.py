"""Which image a pod of the lab gets, whatever it asks for. A rule over what the estate's pods say of their containers.

A pod is never changed to be able to run here. The lab has no application but Vault's agent and a small program that
reads its settings as Grafana does; every other image is a stand-in that has a shell, the usual programs, and in the
place of each program that the estate's pods call one that stays, answers their probes, and says in its log which
values it has read, as digests.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from migrate.documents.reader import YamlFault, load_all
from migrate.lab.images import Layer, Settings, Store, applets_of
from migrate.model.json import Json, mapping, sequence
from migrate.planning.files import Files

AGENT = "hashicorp/vault:lab"
"""The image that the lab's injector gives its agents."""
_NOBODY = "65532:65532"
_GRAFANA = "/usr/share/grafana/bin/grafana"
"""As in Grafana's image: whoever tells it of a new password finds the process by that name."""
_CUT = re.compile(r"[;&|(){}`\n]+")
_NAME = re.compile(r"[A-Za-z_/][\w./-]*")
_BEFORE = frozenset({"if", "then", "else", "elif", "do", "while", "until", "time", "exec", "!"})
_SHELL = frozenset(
    {
        "if", "then", "else", "elif", "fi", "for", "in", "do", "done", "while", "until", "case", "esac", "function",
        "select", "time", "export", "set", "unset", "exit", "return", "trap", "read", "cd", "shift", "eval", "exec",
        "local", "echo", "printf", "test", "true", "false", "wait", "umask", "command", "type", "alias", "source",
        "break", "continue",
    }
)  # fmt: skip
_TEMPLATES = ("template", "jobTemplate")
_ENDING = frozenset({"Job", "CronJob"})


@dataclass(slots=True)
class Needs:
    """What an image must have so that the estate's pods can live with it."""

    programs: set[str] = field(default_factory=set)
    ports: set[int] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    """Where Secrets are mounted."""
    leaves: bool = True
    """Only init containers and jobs use it: what it runs ends by itself."""


def needs(files: Files) -> dict[str, Needs]:
    """By image repository, what the pod templates of an estate say of it."""
    found: dict[str, Needs] = defaultdict(Needs)
    for pod, ends in _pods(files):
        for init, container in _containers(pod):
            image = container.get("image")
            if isinstance(image, str) and image:
                wanted = found[repository(image)]
                _learn(wanted, container, ends=init or ends)
                wanted.files |= set(_mounted(pod, container))
    return dict(found)


def repository(image: str) -> str:
    """The repository of a reference, without registry, tag and digest: what containerd asks a mirror for."""
    name = image.partition("@")[0]
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        name = rest
    head, _, last = name.rpartition("/")
    last = last.partition(":")[0]
    return f"{head}/{last}" if head else last


def image_names(store: Store, busybox: Path, programs: Mapping[str, Path], files: Files | None) -> dict[str, str]:
    """Write the images; returns repository to manifest digest, `*` being everybody else's."""
    applets = frozenset(applets_of(busybox))
    base = store.base(busybox, applets)
    app = Settings(entrypoint=("/lab/app",), user=_NOBODY)
    grafana = store.program(programs["lab-grafana"], _GRAFANA)
    agent = [base, store.program(programs["vault"], "/bin/vault")]
    found = {
        "*": store.image([base], app),
        "lab/pause": store.image([base], Settings(entrypoint=("/bin/sleep", "2147483647"), user=_NOBODY)),
        "vault": store.image(agent, Settings(entrypoint=("vault",), user="100:1000")),
        "grafana": store.image([base, grafana], Settings(entrypoint=(_GRAFANA,), user="472:0")),
    }
    for name, wanted in needs(files).items() if files else ():
        if name.rpartition("/")[2] not in found:
            found[name] = _stand_in(store, base, wanted, applets)
            found.setdefault(f"library/{name}", found[name])
    return found


def _stand_in(store: Store, base: Layer, wanted: Needs, applets: frozenset[str]) -> str:
    missing = sorted(name for name in wanted.programs if name.rpartition("/")[2] not in applets)
    places = [name if name.startswith("/") else f"/usr/local/bin/{name}" for name in missing]
    layers = [base, store.links(places, "/lab/app")] if places else [base]
    variables = {"LAB_PORTS": " ".join(map(str, sorted(wanted.ports)))}
    if wanted.files:
        variables["LAB_FILES"] = " ".join(sorted(wanted.files))
    if wanted.leaves:
        variables["LAB_LEAVES"] = "1"
    return store.image(layers, Settings(("/lab/app",), _NOBODY, variables))


def _learn(wanted: Needs, container: dict[str, Json], *, ends: bool) -> None:
    wanted.leaves = wanted.leaves and ends
    wanted.ports |= set(_ports(container))
    command = [word for word in sequence(container.get("command")) if isinstance(word, str)]
    words = [*command, *(word for word in sequence(container.get("args")) if isinstance(word, str))]
    if command and not _is_shell(command[0]):
        wanted.programs.add(command[0])
    elif command:
        wanted.programs |= {name for word in words[1:] for name in _called(word)}


def _is_shell(program: str) -> bool:
    return program.rpartition("/")[2] in {"sh", "bash", "ash", "dash"}


def _called(script: str) -> Iterator[str]:
    """Programs that a shell script calls: the first word of each command, behind what may stand before one."""
    for part in _CUT.split(script):
        words = [word for word in part.split() if word not in _BEFORE and "=" not in word]
        if words and _NAME.fullmatch(words[0]) and words[0] not in _SHELL:
            yield words[0]


def _ports(container: dict[str, Json]) -> Iterator[int]:
    named = {}
    for port in sequence(container.get("ports")):
        number = mapping(port).get("containerPort")
        if isinstance(number, int):
            named[mapping(port).get("name")] = number
            yield number
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        for way in ("httpGet", "tcpSocket", "grpc"):
            port = mapping(mapping(container.get(probe)).get(way)).get("port")
            if isinstance(port, int):
                yield port


def _mounted(pod: dict[str, Json], container: dict[str, Json]) -> Iterator[str]:
    """Where the container finds what a Secret holds: a folder, or a file by its `subPath`."""
    volumes = {mapping(one).get("name") for one in sequence(pod.get("volumes")) if _of_a_secret(mapping(one))}
    for mount in map(mapping, sequence(container.get("volumeMounts"))):
        if mount.get("name") in volumes and isinstance(place := mount.get("mountPath"), str):
            yield place


def _of_a_secret(volume: dict[str, Json]) -> bool:
    sources = sequence(mapping(volume.get("projected")).get("sources"))
    return "secret" in volume or any("secret" in mapping(one) for one in sources)


def _containers(pod: dict[str, Json]) -> Iterator[tuple[bool, dict[str, Json]]]:
    for name in ("initContainers", "containers"):
        for container in sequence(pod.get(name)):
            if isinstance(container, dict):
                yield name == "initContainers", container


def _pods(files: Files) -> Iterator[tuple[dict[str, Json], bool]]:
    for path in files.paths:
        try:
            documents = load_all(files.read(path))
        except (OSError, YamlFault):
            continue
        for document in documents:
            yield from _pods_of(document.value, ends=mapping(document.value).get("kind") in _ENDING)


def _pods_of(value: Json, *, ends: bool) -> Iterator[tuple[dict[str, Json], bool]]:
    """Pod specs, each with whether the pod ends: whatever has containers, at the top or below a template."""
    spec = mapping(mapping(value).get("spec"))
    for name in _TEMPLATES:
        inner = spec.get(name)
        if isinstance(inner, dict):
            yield from _pods_of(inner, ends=ends)
    if isinstance(spec.get("containers"), list) or isinstance(spec.get("initContainers"), list):
        yield spec, ends
