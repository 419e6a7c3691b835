"""What the demo says around the steps it runs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from migrate.views.console import notes
from migrate.views.text import Line, coloured, rendered, safe, screen_width, table


def heading(words: Sequence[str], *, by_git: bool) -> None:
    """The command that runs next, as one would type it."""
    line = Line("$ " + safe(shlex.join(("git" if by_git else "migrate", *words))), "bold")
    print(rendered([Line(), line, Line()], colour=coloured()), flush=True)


def farewell(folder: str, estate: str, options: Sequence[str]) -> None:
    """What to try next, and how to be rid of it: everything lies in `folder`."""
    print(rendered(_farewell(folder, estate, options), colour=coloured()))


def left(folder: str) -> None:
    """What a demo that ended early leaves behind, and how to be rid of it. On stderr: it is no result."""
    place = safe(folder)
    notes().print(f"what the demo made lies in {place}\n  next: rm -r {shlex.quote(place)}", markup=False)


def _farewell(folder: str, estate: str, options: Sequence[str]) -> Iterator[Line]:
    place, where = shlex.quote(safe(estate)), safe(shlex.join(options))
    rows = [
        (f"migrate plan phase1 {where} -o p.json", "the same walk by hand; then migrate apply p.json"),
        (
            f"migrate practice show {safe(shlex.quote(options[-1]))}",
            "what that world holds, and how to break it",
        ),
        (f"migrate scan {place} --format html > secrets.html", "look at it in a browser"),
        ("migrate scan FOLDER", "your own repository; nothing is changed by it"),
        (f"rm -r {shlex.quote(safe(folder))}", "when you are done: copy, world, plans and runs all lie there"),
    ]
    yield Line()
    yield Line("try next", "bold")
    yield from map(Line, table(rows, screen_width()))
