"""The files of an estate by path: facts, folders, kustomizations, and a way to read a file again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath

from migrate.documents.reader import YamlFault, load_once
from migrate.estate.extract import KUSTOMIZE_GROUP
from migrate.estate.facts import Facts, FileFacts
from migrate.model.json import Json, text

_FETCHED = frozenset({"GitRepository", "OCIRepository", "Bucket"})


@dataclass(frozen=True, slots=True)
class Tree:
    """Everything read from the files; paths are relative to the estate, with `/`; the root folder is `""`."""

    objects: dict[str, tuple[Facts, ...]]
    """Objects by file; files with none are absent."""
    files: frozenset[str]
    kustomizations: dict[str, Facts]
    """The kustomization of a folder, by folder."""
    children: dict[str, tuple[str, ...]]
    """Files and folders directly below a folder."""
    config_maps: dict[str, tuple[Facts, ...]]
    sources: dict[str, str]
    """URL of each source that Flux fetches from, by name."""
    _read: Callable[[str], bytes]
    _documents: dict[str, list[Json]] = field(default_factory=dict)

    def documents(self, path: str) -> list[Json]:
        """The documents of a file, read again; empty where it cannot be read or parsed.

        Positions are kept: an empty document is None.
        """
        if path not in self._documents:
            self._documents[path] = self._load(path)
        return self._documents[path]

    def data(self, path: str) -> bytes:
        """The bytes of a file; empty where it cannot be read any more."""
        try:
            return self._read(path)
        except OSError:
            return b""

    def document(self, path: str, index: int) -> Json:
        """One document of a file, or None."""
        documents = self.documents(path)
        return documents[index] if index < len(documents) else None

    def _load(self, path: str) -> list[Json]:
        return parse(self.data(path))

    def is_folder(self, path: str) -> bool:
        """Whether the estate has files below this path."""
        return path in self.children


def parse(data: bytes) -> list[Json]:
    """All documents of a YAML text by position; empty where it is not YAML."""
    try:
        found = load_once(data)
    except YamlFault:
        return []
    result: list[Json] = [None] * (found[-1].index + 1 if found else 0)
    for document in found:
        result[document.index] = document.value
    return result


def plant(files: Sequence[FileFacts], read: Callable[[str], bytes], others: Iterable[str] = ()) -> Tree:
    """The tree of some files. `others` are paths that exist without having been read (scripts, skipped files)."""
    objects = {item.file: item.objects for item in files if item.objects}
    paths = frozenset([*(item.file for item in files), *others])
    kustomizations = {
        dirname(fact.file): fact
        for facts in objects.values()
        for fact in facts
        if fact.kind in {"Kustomization", "Component"} and fact.group == KUSTOMIZE_GROUP
    }
    config_maps: dict[str, list[Facts]] = {}
    sources: dict[str, str] = {}
    for facts in objects.values():
        for fact in facts:
            if fact.kind == "ConfigMap":
                config_maps.setdefault(fact.name, []).append(fact)
            elif fact.kind in _FETCHED and isinstance(fact.spec, dict):
                sources[fact.name] = text(fact.spec.get("url"))
    return Tree(
        objects,
        paths,
        kustomizations,
        _children(paths),
        {name: tuple(found) for name, found in config_maps.items()},
        sources,
        read,
    )


def _children(paths: frozenset[str]) -> dict[str, tuple[str, ...]]:
    children: dict[str, set[str]] = {"": set()}
    for path in paths:
        below = path
        while below:
            above = below.rpartition("/")[0]
            beside = children.get(above)
            if beside is None:
                beside = children[above] = set()
            elif below in beside:
                break
            beside.add(below)
            below = above
    return {folder: tuple(sorted(found)) for folder, found in children.items()}


def inside(folder: str, path: str) -> str:
    """`path` as written in `folder`, relative to the estate; `..` may climb, but never above the estate."""
    joined = normpath(join(folder, path.removeprefix("./"))) if not path.startswith("/") else normpath(path[1:])
    return "" if joined in {".", "/"} else joined


def is_remote(path: str) -> bool:
    """Whether a kustomize resource lies in another repository."""
    return "://" in path or "?ref=" in path or path.startswith(("git@", "github.com/", "gitlab.com/", "bitbucket.org/"))
