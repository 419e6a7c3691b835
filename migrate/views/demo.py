"""What the demo says around the steps it runs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from migrate.views.text import Line, coloured, rendered, safe, screen_width, table


def heading(words: Sequence[str]) -> None:
    """The command that runs next, as one would type it."""
    line = Line("$ " + safe(shlex.join(("migrate", *words))), "bold")
    print(rendered([Line(), line, Line()], colour=coloured()), flush=True)


def farewell(estate: str, verbs: frozenset[str]) -> None:
    """What to try next, with the verbs this build has."""
    print(rendered(_farewell(estate, verbs), colour=coloured()))


def _farewell(estate: str, verbs: frozenset[str]) -> Iterator[Line]:
    place = shlex.quote(safe(estate))
    rows = [
        (f"migrate scan {place} --format html > secrets.html", "look at it in a browser"),
        (f"migrate scan {place} --json", "for other programs"),
        ("migrate scan FOLDER", "your own repository; nothing is changed by it"),
    ]
    if "apply" in verbs:
        rows.insert(
            0, (f"cd {place} && migrate apply ../phase1.plan.json --world ../world", "practise without servers")
        )
    yield Line()
    yield Line("try next", "bold")
    yield from map(Line, table(rows, screen_width()))
