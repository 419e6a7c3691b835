"""What a step does to its target: the state before, the state after, and what cannot be undone.

States are canonical and free of secrets: passwords are inputs named by where they come from, and files stay in Git,
named by their blob ids. Knows no store; how a change reads as SQL, request or diff is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from migrate.model.json import Json
from migrate.model.target import Target


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such thing."""


@dataclass(frozen=True, slots=True)
class Doc:
    """A thing whose whole state is one JSON value."""

    value: Json


@dataclass(frozen=True, slots=True)
class Blobs:
    """Files of the repository and the Git blob each holds; None where there is no such file."""

    files: tuple[tuple[str, str | None], ...]


State: TypeAlias = Absent | Doc | Blobs


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One file of a commit. `edits` are the splices in their file form, applied to `before` in this order.

    `diff` is for reading: changed lines with their context, literals masked. `masked` counts those.
    """

    file: str
    before: str | None
    after: str | None
    edits: tuple[Json, ...]
    diff: str
    masked: int = 0


@dataclass(frozen=True, slots=True)
class Input:
    """A write-only field: what it is called and where its value comes from when the step runs. Never the value."""

    field: str
    source: str
    shares: Target | None = None
    """The target whose own input has the very same value: a password that two servers must agree on."""


@dataclass(frozen=True, slots=True)
class Exact:
    """The inverse restores the state before."""


@dataclass(frozen=True, slots=True)
class Irreversible:
    """Something stays that no inverse undoes; `compensates` is the step whose own inverse deals with it."""

    remains: str
    compensates: str | None


Undo: TypeAlias = Exact | Irreversible


@dataclass(frozen=True, slots=True)
class Change:
    """One target from one state to another."""

    target: Target
    before: State
    after: State
    undo: Undo
    inputs: tuple[Input, ...] = ()
    files: tuple[FileEdit, ...] = ()
    replaces: tuple[Target, ...] = ()
    """Workloads whose pods are replaced at once after the inverse ran (it shortens what their agents sleep on)."""


def inverted(change: Change) -> Change:
    """The change back: states swapped, files and their order reversed. Inputs are for creation only."""
    files = tuple(FileEdit(f.file, f.after, f.before, (), f.diff, f.masked) for f in reversed(change.files))
    return Change(change.target, change.after, change.before, change.undo, (), files)
