"""What an operation asks for. It never says how to undo it: inverses are derived from what was there before."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from migrate.documents.edits import Edit
from migrate.model.change import Input
from migrate.model.json import Json
from migrate.model.target import Target


@dataclass(frozen=True, slots=True)
class Put:
    """The target shall have exactly this state."""

    value: Json
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Edits in one document of one file. `like`: the file that new text was made from, whose literals it may hold."""

    file: str
    document: int
    edits: tuple[Edit, ...]
    like: str = ""


@dataclass(frozen=True, slots=True)
class DropFile:
    """The file shall be gone."""

    file: str


@dataclass(frozen=True, slots=True)
class MakeFile:
    """There shall be such a file, of these documents, where there is none.

    `like`: the file it was made from, whose literals it may hold.
    """

    file: str
    documents: tuple[Json, ...]
    like: str


FileAct: TypeAlias = Rewrite | DropFile | MakeFile


@dataclass(frozen=True, slots=True)
class Edits:
    """One commit. `applies` and `prunes`: the objects it makes or changes, and those it takes out of the cluster.

    Of a commit that says neither, the wish's target is what it changes, and nothing else.
    """

    files: tuple[FileAct, ...]
    applies: tuple[Target, ...] = ()
    prunes: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class Remove:
    """The target shall be gone."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One change an operator would name."""

    target: Target
    act: Put | Edits | Remove
    summary: str
    blast: str
    guard: str
    needs: tuple[str, ...]
    rests_on: tuple[Target, ...] = ()
    """What must be in place before: the steps that make these come first."""
    updates: bool = False
    """True where an earlier step of the same plan made the target."""
    policy: str | None = None
    """The policy file it was made from."""
    remains: str | None = None
    """What no inverse undoes."""
    compensated_by: Target | None = None
    """The target whose own inverse deals with what remains."""
    replaces: tuple[Target, ...] = ()
    """Workloads whose pods must be replaced at once when the change is taken back."""


Arguments: TypeAlias = Mapping[str, Json]

Operation: TypeAlias = Callable[[Any, Arguments], Iterator[Wish]]
"""A function of a subject and literal arguments. The annotation of `subject` declares which subjects it works on."""


def works_on(operation: Operation) -> type:
    """The class or protocol of subjects that an operation declares."""
    # Annotations are names here; the others of the signature name types that refer to themselves.
    found = inspect.get_annotations(operation).get("subject")
    if isinstance(found, str):
        found = getattr(inspect.getmodule(operation), found, None)
    if not isinstance(found, type):
        raise TypeError(f"{operation.__name__} does not say on which subject it works")
    return found


def text(arguments: Arguments, name: str) -> str:
    """A literal argument of the phase file. The schema promises it; its absence is a fault of ours."""
    value = arguments.get(name)
    if not isinstance(value, str):
        raise TypeError(f"the phase gives no text argument {name!r}")
    return value


def number(arguments: Arguments, name: str) -> int:
    """A literal whole number of the phase file."""
    value = arguments.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"the phase gives no whole number {name!r}")
    return value
