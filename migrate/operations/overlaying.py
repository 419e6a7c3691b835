"""Where the edits of an object go: into its own file, or into a patch of ours where that file serves others too.

That stands beside the kustomization that makes the object alone, or else in the Flux Kustomization that does.

The patch is RFC 6902: its positions are exact, since it comes after every other patch of its kustomization, and its
tests name the items that are meant, so that a base that moves on ends the build instead of changing another item.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from migrate.documents.edits import AddDocument, AppendItem, Edit, change_all
from migrate.documents.patches import Operation, patch
from migrate.documents.reader import load_all
from migrate.documents.render import Style, item_lines
from migrate.estate.substitute import Variables
from migrate.model.json import Json, Pointer, at_pointer, items, mapping, text
from migrate.model.target import Target
from migrate.operations.subject import Place
from migrate.operations.wish import FileAct, MakeFile, Rewrite

_NAMES = ("name", "mountPath")


@dataclass(frozen=True, slots=True)
class Written:
    """The object's own file is edited: nobody else is made of it."""

    place: Place


@dataclass(frozen=True, slots=True)
class Overlaid:
    """A kustomization lays a patch of ours over what comes from elsewhere.

    `name`: as that kustomization sees it, which Flux may fill in later; `called`: what it is then.
    """

    kustomization: Place
    base: str
    """The file that the object is written in."""
    kind: str
    name: str
    called: str

    @property
    def file(self) -> str:
        """The patch."""
        return self._beside(self.entry)

    @property
    def entry(self) -> str:
        """The patch as the kustomization names it."""
        return f"vault-agent-{self.kind.lower()}-{self.called}.yaml"

    @property
    def more(self) -> str:
        """The file of objects that come with it, as the kustomization names it."""
        return f"vault-agent-{self.kind.lower()}-{self.called}-with.yaml"

    def _beside(self, name: str) -> str:
        return posixpath.join(posixpath.dirname(self.kustomization.file), name)

    def acts(self, document: Json, edits: Sequence[Edit]) -> Iterator[FileAct]:
        """The patch, what comes with the object, and the lines that take both in."""
        new = [edit.value for edit in edits if isinstance(edit, AddDocument)]
        changes: list[Edit] = [edit for edit in edits if not isinstance(edit, AddDocument)]
        yield MakeFile(self.file, (list[Json](guarded(document, change_all(document, changes))),), self.base)
        target: dict[str, Json] = {"kind": self.kind, "name": exactly(self.name)}
        lines: list[Edit] = [AppendItem(("patches",), {"path": self.entry, "target": target})]
        if new:
            yield MakeFile(self._beside(self.more), tuple(new), self.base)
            lines.append(AppendItem(("resources",), self.more))
        yield Rewrite(self.kustomization.file, self.kustomization.document, tuple(lines))


@dataclass(frozen=True, slots=True)
class Instanced:
    """A Flux Kustomization lays a patch of ours over its own instance of a folder that others apply too.

    `name`: the object's in that folder; `variables`: what is filled into the Flux Kustomization itself on its way.
    """

    flux: Target
    place: Place
    base: str
    """The file that the object is written in."""
    kind: str
    name: str
    variables: Variables

    def acts(self, document: Json, edits: Sequence[Edit]) -> Iterator[FileAct]:
        """One more patch, and what comes with the object in documents behind the Flux Kustomization."""
        new = [edit for edit in edits if isinstance(edit, AddDocument)]
        changes: list[Edit] = [edit for edit in edits if not isinstance(edit, AddDocument)]
        # From the first column: kustomize takes blanks off the front, and a list that is indented is none any more.
        operations = item_lines([*guarded(document, change_all(document, changes))], Style())
        target: dict[str, Json] = {"kind": self.kind, "name": self.variables.spell(exactly(self.name))}
        one: dict[str, Json] = {"target": target, "patch": self.variables.spell("\n".join(operations) + "\n")}
        yield Rewrite(self.place.file, self.place.document, (AppendItem(FLUX_PATCHES, one), *new), self.base)

    def patch(self, flux: Json) -> Json:
        """The patch that was laid over last, as kustomize is given it."""
        last = items(at_pointer(flux, FLUX_PATCHES))[-1]
        return load_all(self.variables.apply(text(last.get("patch"))).encode())[0].value


FLUX_PATCHES: Pointer = ("spec", "patches")


def exactly(name: str) -> str:
    """The name as the target of a patch has it: kustomize reads a regular expression there, and `${APP}` is none."""
    return name if name.isascii() and name.replace("-", "").replace(".", "").isalnum() else re.escape(name)


Home: TypeAlias = Written | Overlaid | Instanced


def acts(home: Home, document: Json, edits: Sequence[Edit]) -> tuple[FileAct, ...]:
    """The files of a commit that makes these edits of the object. `document`: the object as it is at its home."""
    match home:
        case Written(place):
            return (Rewrite(place.file, place.document, tuple(edits)),)
        case Overlaid() | Instanced():
            return tuple(home.acts(document, edits))


def guarded(before: Json, after: Json) -> list[Operation]:
    """The patch from the one to the other. Tests say which item of a list is meant, never what it holds."""
    operations, _ = patch(before, after)
    gone = {str(one["path"]) for one in operations if one["op"] == "remove"}
    return [kept for one in operations if (kept := _kept(one, gone)) is not None]


def _kept(one: Operation, gone: set[str]) -> Operation | None:
    path, value = str(one["path"]), one.get("value")
    if one["op"] != "test" or path.rpartition("/")[2] in _NAMES or (isinstance(value, str) and path in gone):
        return one
    name = next((key for key in _NAMES if key in mapping(value)), None)
    return {"op": "test", "path": f"{path}/{name}", "value": mapping(value)[name]} if name else None
