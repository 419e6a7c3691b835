"""The two streams. Honours NO_COLOR, FORCE_COLOR, TERM=dumb; never truncates a name where nobody watches."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from migrate.model.errors import MigrateError

if TYPE_CHECKING:
    from rich.console import Console

_UNWATCHED_WIDTH = 10_000


def result() -> Console:
    """The console for results (stdout). Off a terminal lines are as long as they need to be."""
    return _console(stderr=False)


def notes() -> Console:
    """The console for progress, warnings and problems (stderr)."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _UNWATCHED_WIDTH
    return Console(stderr=stderr, highlight=False, width=width, soft_wrap=width is not None)


def emit_json(document: object) -> None:
    """One JSON document on stdout."""
    unicode = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"
    _write(json.dumps(document, indent=2, ensure_ascii=not unicode, default=str) + "\n")


def emit_text(text: str) -> None:
    """Plain text on stdout, ending with exactly one newline."""
    _write(text.rstrip("\n") + "\n")


def emit_line(body: object) -> None:
    """One of many JSON documents on stdout, on a line of its own and at once: whoever reads them follows a run."""
    _write(json.dumps(body, ensure_ascii=True) + "\n")
    sys.stdout.flush()


def _write(text: str) -> None:
    # File names may hold bytes that are no UTF-8; Python carries them as lone surrogates, which no encoding takes.
    # Written out as \\udcff they are what JSON itself calls them.
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def dumped(document: object) -> bytes:
    """A JSON document as files hold it."""
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def say(text: str, following: str = "", options: str = "") -> None:
    """One sentence on stdout, and what to type next, with the `options` it needs."""
    from migrate.views.text import typed

    emit_text(text + (f"\n  next: {typed(following, options)}" if following else ""))


def problem(error: MigrateError, options: str = "", *, partly: bool = False) -> None:
    """Say what happened, what is true now, what was not done and what to type next, with the `options` it needs.

    `partly`: by a verb that may have begun something, so that only the error's own words say what was not done.
    """
    _said("bold red", error, error.undone if partly else error.not_done, options)


def interrupted(truth: str, following: str, options: str = "") -> None:
    """Say that somebody pressed Ctrl-C, and how to see what is true now."""
    _said("bold yellow", MigrateError("interrupted", truth=truth, following=following), "", options)


def _said(style: str, error: MigrateError, undone: str, options: str) -> None:
    from rich.markup import escape

    from migrate.views.text import safe_lines, typed

    console = notes()
    console.print(f"[{style}]{escape(safe_lines(error.happened))}[/]")
    following = typed(error.following, options)
    for label, text in (("now", error.truth), ("not done", undone), ("next", following)):
        if text:
            console.print(f"  [bold]{label}:[/] {escape(safe_lines(text))}")


def bug(error: Exception) -> None:
    """An error nobody foresaw: its kind only, since its text may quote what it was given."""
    notes().print(
        f"[bold red]A fault in this tool: {type(error).__name__}.[/] Nothing further was done.\n"
        "  [bold]next:[/] repeat the command with `migrate --debug ...` and report what it prints."
    )
