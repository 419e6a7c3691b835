"""Why a step was not written, from wherever that turns out."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.model.ports import Conflict, Denied
from migrate.planning.masking import masked_text


class NotWritten(Exception):  # noqa: N818  an answer, not an error: the store turns it into one
    """Nothing was published. `outcome` says why, for the operator."""

    def __init__(self, outcome: Conflict | Denied) -> None:
        super().__init__(outcome.why)
        self.outcome = outcome


def conflict(why: str) -> NotWritten:
    """The files or branches are not as the step needs them."""
    return NotWritten(Conflict(why))


def denied(why: str, following: str = "") -> NotWritten:
    """The repository, or somebody's rule for it, does not let us."""
    return NotWritten(Denied(why, following))


def quoted(words: str, contents: Iterable[bytes | None]) -> str:
    """What another program said, on one line, without any literal of these files."""
    text = masked_text(words, [data for data in contents if data is not None])
    return " | ".join(line.strip() for line in text.split("\n") if line.strip()) or "it gave no reason"
