"""What a database operator does for its object's host-based rules: the list becomes PostgreSQL's pg_hba.

`python -m migrate.lab.hostrules --folder F --own FILE --more FILE --list PATH --api URL --ca F --cert F --key F`. No
database operator is in the lab. This does one part of its work alone: the administrator's way in, then lines that a
person at the server wrote, then what objects list, then the lab's own rules, which admit its network as before.
"""

from __future__ import annotations

import argparse
import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from migrate.lab import cluster, database
from migrate.lab.demands import Kind
from migrate.lab.web import Unwelcome, Web
from migrate.lab.world import World, write
from migrate.model.errors import Failed
from migrate.planning.certificate.rules import listed
from migrate.planning.database import OPERATOR_GROUPS, OPERATOR_KINDS

_ADMIN = f"hostssl all {database.ADMIN} all scram-sha-256"
_BETWEEN = 0.5
"""Seconds between two looks."""


def collections(kinds: Iterable[Kind]) -> Iterator[str]:
    """Where the API server lists the objects of database operators, of those kinds that an estate has."""
    for kind in kinds:
        if kind.kind in OPERATOR_KINDS and kind.api.startswith(OPERATOR_GROUPS):
            yield cluster.collection(kind.api, kind.kind)


def rules(own: str, more: Iterable[str], objects: Iterable[dict[str, Any]]) -> str:
    """The text of pg_hba.conf; the lab's own as they are while nobody has a line of his own."""
    ordered = sorted(objects, key=lambda one: (one["metadata"].get("namespace", ""), one["metadata"]["name"]))
    lines = [*more, *(line for one in ordered for line in listed(one["kind"], one))]
    return "".join(f"{line}\n" for line in (_ADMIN, *lines)) + own if lines else own


def people(world: World) -> Path:
    """Lines that a person at the server has written, above all that operators list."""
    return world.config("pg_hba.more")


def written_by_a_person(world: World, line: str) -> None:
    """Have PostgreSQL go by one more line, at the top; returns before it does."""
    lines = people(world).read_text().splitlines()
    if line not in lines:
        write(people(world), "".join(f"{one}\n" for one in (line, *lines)))


def obey(folder: Path, wanted: str) -> None:
    """Give the server in that folder these rules, and have it read them, if it has others."""
    file = folder / "pg_hba.conf"
    if file.read_text() == wanted:
        return
    file.write_text(wanted)
    with suppress(OSError, ValueError, IndexError):  # it does not run: it reads them when it starts
        os.kill(int((folder / "postmaster.pid").read_text().split()[0]), signal.SIGHUP)


def _found(web: Web, paths: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Every object at those paths. Raises Failed, also for a kind that the API server is only about to serve."""
    for path in paths:
        answer = web.ask("GET", path)
        kind = str(answer["kind"]).removesuffix("List")
        yield from ({"kind": kind, **one} for one in answer["items"])


def main() -> None:
    """Keep the rules until ended. What cannot be asked is asked again."""
    parser = argparse.ArgumentParser(prog="python -m migrate.lab.hostrules", description=(__doc__ or "").split("\n")[0])
    for name in ("folder", "own", "more", "ca", "cert", "key"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--api", required=True)
    parser.add_argument("--list", action="append", default=[])
    given = parser.parse_args()
    web, own = Web(given.api, given.ca, client=(given.cert, given.key)), given.own.read_text()
    while True:
        try:
            obey(given.folder, rules(own, given.more.read_text().splitlines(), _found(web, given.list)))
        except (Failed, OSError) as error:
            said = error.happened if isinstance(error, Failed) else type(error).__name__
            if not (isinstance(error, Unwelcome) and error.status in {404, 429}):  # a kind that it soon knows
                print(said, flush=True)  # noqa: T201  its log
        time.sleep(_BETWEEN)


if __name__ == "__main__":
    main()
