"""What is known of images and charts (`profiles/*.yaml`), and the questions verdicts ask of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache

from migrate.catalog import shelf
from migrate.documents.reader import load_all
from migrate.model.json import Json, items, reach, text


@dataclass(frozen=True, slots=True)
class Convention:
    """One documented way for an image to take a secret from a file."""

    kind: str
    detail: dict[str, Json]

    def covers(self, variable: str) -> bool:
        """Whether it says how this environment variable can come from a file."""
        pattern = self.detail.get("env")
        patterns = pattern if isinstance(pattern, list) else [pattern]
        return any(isinstance(item, str) and fnmatchcase(variable, item) for item in patterns)

    def file_variable(self, variable: str) -> str:
        """The variable that holds the path instead; empty where the convention works otherwise."""
        template = self.detail.get("file_env")
        return template.replace("{env}", variable) if isinstance(template, str) else ""

    def instead_of(self, variable: str) -> str:
        """What replaces this environment variable, for people: another one, itself with another value, or a file."""
        folder = text(self.detail.get("path"))
        return self.file_variable(variable) or (f"{folder.rstrip('/')}/{variable}" if folder else variable)

    def holds(self, *, command: bool) -> bool:
        """Whether it is there: what an image's start script does is not, where a manifest gives another `command`."""
        return not (command and self.detail.get("at_start") is True)

    @property
    def said_by(self) -> str:
        """Whose word it is; empty for what profiles document."""
        return text(self.detail.get("said_by"))


@dataclass(frozen=True, slots=True)
class Image:
    """What is known of one image."""

    shell: bool | None
    conventions: tuple[Convention, ...]
    entrypoint: bool
    path_role: str = ""
    """Its part on the path to Vault, where it has one: eso, injector, tailnet, resolver, flux."""
    login: bool = False
    """Whether people log in to other things through it."""

    def told(self, owner: Image) -> Image:
        """The same with what its owners say: their conventions come first, and they know best if there is a shell."""
        shell = self.shell if owner.shell is None else owner.shell
        return replace(self, shell=shell, conventions=(*owner.conventions, *self.conventions))


@dataclass(frozen=True, slots=True)
class ChartPod:
    """A pod of a known chart: where its values stand and which image runs."""

    values: tuple[str, ...]
    image: str
    detail: dict[str, Json]
    """The whole entry: where in the values each of the pod's settings stands."""

    @property
    def secret_names(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        """The values that hold the name of a Secret which the pod reads: each place, from the top, and how it reads."""
        return tuple(
            (self.place(text(one.get("at"))), text(one.get("how"))) for one in items(self.detail.get("secretNames"))
        )

    @property
    def volumes(self) -> tuple[str, ...]:
        """Where plain volumes of the pod are listed, from the top; empty where there is no such list with mounts."""
        at, form = (text(reach(self.detail, "volumes", key)) for key in ("at", "form"))
        return self.place(at) if form == "list" and self.detail.get("mounts") else ()

    def place(self, path: str) -> tuple[str, ...]:
        """A path of the entry, from the top of the values."""
        below = () if path.startswith("/") else self.values
        return (*below, *path.removeprefix("/").split("."))


@dataclass(frozen=True, slots=True)
class Chart:
    """What is known of one chart."""

    path_role: str
    pods: tuple[ChartPod, ...]
    secrets: tuple[str, ...] = ()
    """Secrets that it reads by a name of its own, although no value names them."""


_UNKNOWN_IMAGE = Image(None, (), entrypoint=False)


@dataclass(frozen=True, slots=True)
class Profiles:
    """All that is known, ready to be asked."""

    charts: dict[str, Chart] = field(default_factory=dict)
    _images: tuple[tuple[tuple[str, ...], str, Image], ...] = ()
    _owners: dict[str, Image] = field(default_factory=dict)
    _asked: dict[str, Image] = field(default_factory=dict)
    _fitted: set[str] = field(default_factory=set)

    def told(self, owners: dict[str, Image]) -> Profiles:
        """These profiles and what the owners of images add, by repository pattern."""
        return Profiles(self.charts, self._images, owners)

    def unasked(self) -> list[str]:
        """The owners' patterns that no image fitted so far."""
        return [pattern for pattern in self._owners if pattern not in self._fitted]

    def image(self, reference: str) -> Image:
        """What is known of an image reference; the first entry that matches counts."""
        if reference not in self._asked:
            self._asked[reference] = self._find(reference)
        return self._asked[reference]

    def _find(self, reference: str) -> Image:
        repository, tag = written_out(reference)
        endings = _endings(repository)
        found = self._shipped(endings, tag)
        for pattern, owner in self._owners.items():
            if _matches(pattern, endings):
                self._fitted.add(pattern)
                found = found.told(owner)
        return found

    def _shipped(self, endings: frozenset[str], tag: str) -> Image:
        for patterns, tag_pattern, image in self._images:
            if any(_matches(pattern, endings) for pattern in patterns) and fnmatchcase(tag, tag_pattern):
                return image
        return _UNKNOWN_IMAGE

    def chart(self, name: str) -> Chart:
        """What is known of a chart by its name; nothing for unknown ones."""
        return self.charts.get(name.rpartition("/")[2], Chart("", ()))


@cache
def shipped() -> Profiles:
    """The profiles that travel with the tool."""
    folder = shelf("profiles")
    charts = _entries((folder / "charts.yaml").read_bytes(), "charts")
    images = _entries((folder / "images.yaml").read_bytes(), "images")
    return Profiles(
        {text(entry.get("chart")): _chart(entry) for entry in charts},
        tuple((tuple(_strings(entry.get("match"))), text(entry.get("tag")) or "*", _image(entry)) for entry in images),
    )


def written_out(reference: str) -> tuple[str, str]:
    """An image reference as (repository with registry, tag): `postgres:16` is `docker.io/library/postgres`, `16`."""
    name = reference.partition("@")[0]
    head, _, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    repository = f"{head}/{last}" if head else last
    first = repository.partition("/")[0]
    if not head:
        repository = f"docker.io/library/{repository}"
    elif "." not in first and ":" not in first and first != "localhost":
        repository = f"docker.io/{repository}"
    return repository, tag


def _endings(repository: str) -> frozenset[str]:
    """`a/b/c`, `b/c`, `c`: a pattern may leave out registry and folders."""
    parts = repository.split("/")
    return frozenset("/".join(parts[start:]) for start in range(len(parts)))


def _matches(pattern: str, endings: frozenset[str]) -> bool:
    # Most patterns are plain names: a set lookup for those is what makes 10,000 different images affordable.
    if pattern in endings:
        return True
    return "*" in pattern and any(fnmatchcase(ending, pattern) for ending in endings)


def _entries(data: bytes, name: str) -> Iterator[dict[str, Json]]:
    for document in load_all(data):
        yield from items(reach(document.value, name))


def _image(entry: dict[str, Json]) -> Image:
    shell = entry.get("shell")
    conventions = tuple(Convention(text(item.get("kind")), item) for item in items(entry.get("conventions")))
    return Image(
        shell if isinstance(shell, bool) else None,
        conventions,
        entrypoint=bool(entry.get("entrypoint")),
        path_role=text(entry.get("path_role")),
        login=entry.get("login") is True,
    )


def _chart(entry: dict[str, Json]) -> Chart:
    pods = tuple(
        ChartPod(
            tuple(part for part in text(pod.get("values")).split(".") if part),
            text(pod.get("image")),
            pod,
        )
        for pod in items(entry.get("pods"))
    )
    return Chart(text(entry.get("path_role")), pods, tuple(_strings(entry.get("secrets"))))


def _strings(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
