"""Which session is meant, its runbook as it was pinned, and whether whoever types may drive it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.completing import session_ids
from migrate.cli.place import Place, now, owner, place
from migrate.model.errors import Failed, MigrateError, Refused

if TYPE_CHECKING:
    from migrate.model.json import Json
    from migrate.sessions.runbook import Runbook
    from migrate.sessions.session import Person, Session
    from migrate.stores.sessions import SessionFolder

SessionOption = Annotated[
    str | None,
    typer.Option("--session", help="The session. Default: the open one, else the latest.", autocompletion=session_ids),
]
EstateOption = Annotated[
    Path | None, typer.Option("--estate", help="The GitOps folder. Default: the repository one stands in.")
]


@dataclass(frozen=True, slots=True)
class Open:
    """A session that exists, folded."""

    folder: SessionFolder
    runbook: Runbook
    session: Session

    @property
    def where(self) -> Place:
        """The place its commands work in."""
        world = self.session.world
        return place(Path(self.session.estate), Path(world) if world else None)

    def note(self, type: str, data: dict[str, Json]) -> None:  # noqa: A002
        """Write an event down, and move the session on by what others wrote and by this. Raises Stopped, OSError."""
        self.folder.append(type, data, now)
        for event in self.folder.events()[len(self.session.events) :]:
            self.session.take(event)

    def decide(self, type: str, **data: Json) -> None:  # noqa: A002
        """Write down what the person at this terminal decided. Raises Stopped, OSError."""
        from migrate.sessions.session import person_json

        self.note(type, data | person_json(person()))


def chosen(estate: Path | None, name: str | None) -> Open:
    """The session that is meant: by name, else the open one, else the newest.

    Raises Failed where there is none of that name, or none at all; Stopped where the log of that very one is damaged.
    Damaged ones beside it are named on stderr, and stop nothing.
    """
    from migrate.views.run import left_aside

    where = place(estate, None)
    found = [(one_name, one) for one_name, one in sessions_of(where) if name in {None, one_name}]
    usable = [one for _, one in found if isinstance(one, Open) and one.session.ended is None]
    chosen = next(iter(usable), found[0][1] if found else None)
    match chosen:
        case None:
            what = f"there is no session {name}" if name else "there is no session"
            raise Failed(f"{what} of {where.estate}", following="migrate session start RUNBOOK")
        case MigrateError():
            raise chosen
    left_aside([(one_name, one) for one_name, one in found if isinstance(one, MigrateError)])
    return chosen


def sessions_of(where: Place) -> Iterator[tuple[str, Open | MigrateError]]:
    """Every session of the estate that was begun, newest first; of a damaged one, what is wrong with it."""
    from migrate.stores.sessions import Sessions

    for folder in Sessions(where.runs).all():
        try:
            one = opened(folder)
        except MigrateError as error:
            yield folder.id, error
        else:
            if one is not None:
                yield folder.id, one


def opened(folder: SessionFolder) -> Open | None:
    """A session from its folder; None where it was never begun. Raises Stopped where its log does not hold."""
    from migrate.sessions.reading import read_runbook
    from migrate.sessions.session import fold

    session = fold(folder.events())
    text = folder.read(copy_name(session.digest)) if session.digest else None
    if text is None:
        return None
    return Open(folder, read_runbook(text.decode("utf-8", "surrogatepass")), session)


def copy_name(digest: str) -> str:
    """The name of the copy of a runbook."""
    return f"runbook-{digest[:12]}.md"


def person() -> Person:
    """Who types. The login is looked up by number: a name in the environment can be anybody's."""
    import pwd

    from migrate.sessions.session import Person

    uid = os.getuid()
    if uid == 0 and (caller := os.environ.get("SUDO_UID", "")).isdigit():
        uid = int(caller)
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid {uid}"
    return Person(uid, name, socket.gethostname(), _terminal())


def _terminal() -> str:
    try:
        return os.ttyname(sys.stdin.fileno())
    except (OSError, ValueError):
        return "none"


def may_drive(one: Open) -> None:
    """Return if whoever types drives the session. Raises Refused."""
    driver = one.session.driver
    if driver.uid != person().uid:
        raise Refused(
            f"{driver.name} drives {one.session.id}",
            undone="nothing was run",
            following=f"watch: migrate session status --watch; take over: migrate session handover {person().name} "
            "--reason TEXT",
        )


def still_open(one: Open) -> None:
    """Return if the session goes on. Raises Refused."""
    if one.session.ended is not None:
        raise Refused(
            f"{one.session.id} is over: {one.session.ended}",
            undone="nothing was run",
            following="migrate session report, or migrate session start RUNBOOK",
        )


@contextmanager
def driving(one: Open, what: str) -> Iterator[None]:
    """Only this process drives the session. Raises Locked, Refused."""
    from migrate.stores.lock import Lock

    still_open(one)
    may_drive(one)
    lock = Lock(one.folder.path, owner(what))
    try:
        yield
    finally:
        lock.release()
