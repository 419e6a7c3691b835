"""A runbook as a value: steps of text and parts, each part one thing that is run, asked, looked at or attested."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

ROLLBACK = "rollback"
"""The id of the step where the way back begins: it and all after it are walked only when going back."""
ESTATE, DIGEST = "estate", "digest"
BUILT_IN = frozenset({ESTATE, DIGEST})
"""Words that a session fills in itself: its estate, and the digest of the plan that was agreed to in it."""

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Input:
    """What a session asks once, at its start. Never secret: it is logged. `default` None: it must be given."""

    name: str
    what: str
    pattern: str
    default: str | None
    example: str

    @property
    def sample(self) -> str:
        """A value that fits, for trying whether commands parse."""
        return self.example or self.default or self.name


@dataclass(frozen=True, slots=True)
class Text:
    """Markdown between parts, for people."""

    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """One of our commands as typed, its placeholders not yet filled. `expect`: the exit codes that let it pass.

    `past`: it passes only once the run has come past this stage of its plan, held or not; empty: any. `asks`: only once
    the run asks for the word that this stage needs, with every gate before it passed, or has that word.
    """

    line: int
    typed: str
    words: tuple[str, ...]
    expect: frozenset[int]
    past: str = ""
    asks: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """A check that must pass, and keep passing for `soak`. `about`: pairs that say of whom.

    Empty: as the plan has it, if the plan has a gate of this name.
    """

    line: int
    check: str
    about: tuple[tuple[str, str], ...]
    timeout: str
    soak: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """A person's word. `plan`: the plan file whose digest is agreed to; `second`: another person agrees as well."""

    line: int
    words: str
    second: bool
    plan: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something to keep: a text, or a file."""

    line: int
    what: str
    is_file: bool


@dataclass(frozen=True, slots=True)
class Manual:
    """Done elsewhere and then attested. `check`: a look that shows it, where one is possible; else empty."""

    line: int
    do: str
    check: str
    about: tuple[tuple[str, str], ...]


Part: TypeAlias = Command | Gate | Confirm | Evidence | Manual


@dataclass(frozen=True, slots=True)
class Step:
    """A section with an id. `digest` covers its text as written."""

    id: str
    title: str
    line: int
    blocks: tuple[Text | Part, ...]
    digest: str

    @property
    def parts(self) -> tuple[Part, ...]:
        """What there is to do, in order."""
        return tuple(block for block in self.blocks if not isinstance(block, Text))


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a runbook: where (a line, from 1), of what sort, and what to do about it."""

    line: int
    code: str
    text: str
    fix: str


@dataclass(frozen=True, slots=True)
class Runbook:
    """A runbook as it was read. `faults`: what could not be understood; a session starts only where there are none."""

    title: str
    phase: str
    owner: str
    reviewed: str
    inputs: tuple[Input, ...]
    intro: str
    steps: tuple[Step, ...]
    text: str
    faults: tuple[Fault, ...]

    @property
    def digest(self) -> str:
        """Of the whole file."""
        return digest_of(self.text)

    @property
    def forward(self) -> tuple[Step, ...]:
        """The steps before the way back begins."""
        ids = [step.id for step in self.steps]
        return self.steps[: ids.index(ROLLBACK)] if ROLLBACK in ids else self.steps

    @property
    def back(self) -> tuple[Step, ...]:
        """The way back; empty where the runbook has none."""
        return self.steps[len(self.forward) :]

    def step(self, id: str) -> Step | None:  # noqa: A002  the word of the format
        """The step called `id`, or None."""
        return next((step for step in self.steps if step.id == id), None)


def digest_of(text: str) -> str:
    """sha256 of a text's UTF-8."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def placeholders(text: str) -> list[str]:
    """The names between `${` and `}`, in order."""
    return _PLACEHOLDER.findall(text)


def filled(text: str, values: dict[str, str]) -> str:
    """The text with its placeholders filled; those without a value stay as they are."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)
