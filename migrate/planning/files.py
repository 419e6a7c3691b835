"""The estate's files as planning sees them: read once, then changed in memory as the steps would change them."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from migrate.documents.reader import Document, YamlFault, load_once
from migrate.estate.extract import extract
from migrate.estate.facts import FileFacts
from migrate.model.json import Json, mapping


@dataclass(frozen=True, slots=True)
class Files:
    """A port: which files there are (paths relative to the estate), and their bytes. `read` raises OSError."""

    paths: tuple[str, ...]
    read: Callable[[str], bytes]
    known: Mapping[str, FileFacts] = field(default_factory=dict, compare=False, repr=False)
    """What files say, as far as a scan has told already."""

    def facts(self, path: str) -> FileFacts:
        """What a file says. Raises OSError."""
        return self.known.get(path) or _extracted(path, self.read(path))


@lru_cache(maxsize=1 << 16)
def _extracted(path: str, data: bytes) -> FileFacts:
    """From one commit to the next most files stay as they are, and an apply builds each of them."""
    return extract(path, data)


@dataclass(frozen=True, slots=True)
class Found:
    """One object of the tree."""

    file: str
    document: int
    line: int
    value: dict[str, Json]

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.value.get("kind", ""))

    @property
    def name(self) -> str:
        """Its name, as written."""
        return str(mapping(self.value.get("metadata")).get("name", ""))

    @property
    def namespace(self) -> str:
        """Its namespace, as written; empty where the file gives none."""
        return str(mapping(self.value.get("metadata")).get("namespace", ""))

    @property
    def spec(self) -> dict[str, Json]:
        """Its spec, empty where there is none."""
        return mapping(self.value.get("spec"))


def objects(files: Files, kinds: frozenset[str]) -> Iterator[Found]:
    """Every object of these kinds. Files that cannot be read are the scan's to report."""
    wanted = re.compile(b"kind[\"']?\\s*:\\s*[\"']?(?:" + b"|".join(kind.encode() for kind in sorted(kinds)) + rb")\b")
    for path in files.paths:
        try:
            data = files.read(path)
            documents = load_once(data) if wanted.search(data) else ()
        except (OSError, YamlFault):
            continue
        for document in documents:
            value = document.value
            if isinstance(value, dict) and value.get("kind") in kinds:
                yield Found(path, document.index, document.line, value)


def one(files: Files, path: str, document: int) -> Found | None:
    """One document of one file, None where it is gone or no object."""
    try:
        documents = load_once(files.read(path))
    except (OSError, YamlFault):
        return None
    for found in documents:
        if found.index == document and isinstance(found.value, dict):
            return Found(path, document, found.line, found.value)
    return None


def beside(path: str, relative: str) -> str:
    """The path that `relative` means in a file at `path`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), relative))


def blob_id(data: bytes) -> str:
    """What `git hash-object` says of these bytes. Git's own naming, so SHA-1; nothing's safety rests on it."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class Drafts:
    """Files as they are after the steps so far. The only mutable value of planning; it lives for one composition."""

    files: Files
    changed: dict[str, bytes | None] = field(default_factory=dict)

    def read(self, path: str) -> bytes | None:
        """The bytes now, None where there is no such file (any more)."""
        if path not in self.changed:
            try:
                self.changed[path] = self.files.read(path)
            except FileNotFoundError:
                self.changed[path] = None
        return self.changed[path]

    def write(self, path: str, data: bytes | None) -> None:
        """The bytes from now on."""
        self.changed[path] = data


@dataclass(slots=True)
class Versions:
    """Every version of every file that occurs in a composition, by blob id."""

    texts: dict[str, bytes] = field(default_factory=dict)

    def documents(self, blob: str) -> tuple[Document, ...]:
        """The documents of a version, for everybody who asks: nobody may change them. Raises YamlFault."""
        return load_once(self.texts[blob])

    def value(self, blob: str, document: int) -> Json:
        """One document of a version, None where it has none of that index. Raises YamlFault."""
        return next((one.value for one in self.documents(blob) if one.index == document), None)
