"""Errors by what to do next. Each says what happened, what is true now, what was not done, and the next command."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes. The same table stands in docs/exit-codes.md; a test compares the two."""

    DONE = 0
    FAILED = 1
    PENDING = 2
    REFUSED = 3
    HELD = 4
    LOCKED = 5
    STOPPED = 6
    INCOMPLETE = 7
    USAGE = 64
    BUG = 70
    INTERRUPTED = 130


class MigrateError(Exception):
    """Base of every error with a known way forward.

    `happened` is the first line a person reads, `truth` what holds now, `undone` what was not done,
    `following` the next command or action. Empty parts are left out when shown.
    """

    exit = Exit.FAILED
    untouched = False
    """Whether errors of this family are raised before anything is written, so that each can say so."""

    def __init__(self, happened: str, *, truth: str = "", undone: str = "", following: str = "") -> None:
        super().__init__(happened)
        self.happened = happened
        self.truth = truth
        self.undone = undone
        self.following = following

    @property
    def not_done(self) -> str:
        """What was not done, in the error's own words, else in those of its family."""
        return self.undone or ("nothing was written" if self.untouched else "")


class Failed(MigrateError):  # noqa: N818  the words of docs/exit-codes.md
    """The work could not be done (unreadable input, a broken estate); nothing was written."""

    untouched = True


def refused_by_system(error: OSError, truth: str, following: str) -> Failed:
    """A file or folder that could not be read or written: the disk is full, or not everybody may."""
    where = f" ({error.filename})" if error.filename else ""
    way = "free the disk, or see who may read and write there"
    if isinstance(error, BrokenPipeError):
        where, way = ": nobody reads the output any more", "let it be read to its end"
    return Failed(
        f"the operating system refused: {error.strerror}{where}",
        truth=truth,
        undone="it did not come to its end",
        following=f"{way}, then: {following}" if following else way,
    )


class Usage(MigrateError):  # noqa: N818  the words of docs/exit-codes.md
    """The command was typed in a way that means nothing."""

    exit = Exit.USAGE


class Refused(MigrateError):  # noqa: N818  the words of docs/exit-codes.md
    """Done on purpose: nothing was written, because it would not have been safe or honest to."""

    exit = Exit.REFUSED
    untouched = True


class Held(MigrateError):  # noqa: N818  the words of docs/exit-codes.md
    """Waiting for a person or for time; nothing is lost."""

    exit = Exit.HELD


class Locked(MigrateError):  # noqa: N818  the words of docs/exit-codes.md
    """Somebody else is at work here."""

    exit = Exit.LOCKED
    untouched = True


class Stopped(MigrateError):  # noqa: N818  the words of docs/exit-codes.md
    """Part-way: the journal is open, and resume or rollback go on from what is really there."""

    exit = Exit.STOPPED
