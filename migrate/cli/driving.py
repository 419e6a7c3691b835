"""Puts an engine together from hands and rules, lets it drive, and turns its ending into words and an exit code."""

from __future__ import annotations

import json
import os
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from migrate.cli.connect import Connections, connect
from migrate.cli.place import Known, Place, now, owner
from migrate.model.errors import Exit, MigrateError, Stopped

if TYPE_CHECKING:
    from migrate.engine.ending import Ending
    from migrate.engine.fold import Run
    from migrate.engine.recorder import Recorder
    from migrate.engine.run import Engine
    from migrate.model.json import Json
    from migrate.model.log import Event
    from migrate.planning.loading import Loaded
    from migrate.stores.journal import Journal
    from migrate.stores.lock import Lock
    from migrate.stores.runs import RunFolder
    from migrate.views.run import Watcher


class Seat:
    """The lock is held, the journal open, the servers named: from here a run can be written on."""

    def __init__(self, where: Place, folder: RunFolder, loaded: Loaded, watcher: Watcher, lock: Lock) -> None:
        from migrate.engine.fold import fold
        from migrate.engine.recorder import Recorder
        from migrate.stores.journal import Journal

        self.where, self.folder, self.loaded, self.lock = where, folder, loaded, lock
        self.connections: Connections = connect(where, loaded, writes=True)
        self.journal: Journal = Journal(folder.journal, now)
        self._watcher = watcher
        self.recorder: Recorder = Recorder(fold(self.journal.events), self._append, self._tell)

    @property
    def run(self) -> Run:
        """Where the run stands."""
        return self.recorder.run

    def note(self, type: str, **data: Json) -> None:  # noqa: A002
        """Write one event down."""
        self.recorder.note(type, **data)

    def drive(self, consent: Callable[[], bool]) -> tuple[Ending, Exit]:
        """Let the engine go on, and say how it ended. `consent`: as the engine has it.

        Raises Stopped where the disk is full, or somebody took a right away, after something was written; else Failed.
        """
        from migrate.engine.ending import exit_code

        try:
            with _listening() as stopping:
                ending = self._engine(stopping, consent).drive()
            self._refresh()
        except OSError as error:
            raise self._broken(error) from error
        return ending, exit_code(ending, back=self.run.way == "back")

    def _broken(self, error: OSError) -> MigrateError:
        from migrate.model.errors import refused_by_system

        found = refused_by_system(error, "the journal is open", "migrate resume, or migrate rollback")
        if not self.run.wrote:
            return found
        return Stopped(
            found.happened,
            truth="what was written is in the journal, and a write that was under way is settled by reading back",
            undone="nothing further was written",
            following=found.following,
        )

    def close(self) -> None:
        """Let go of journal and lock."""
        self.journal.close()
        self.lock.release()

    def _engine(self, stopping: Callable[[], bool], consent: Callable[[], bool]) -> Engine:
        from migrate.checks.catalogue import check_for
        from migrate.engine.asking import Asker
        from migrate.engine.inputs import Inputs
        from migrate.engine.run import Engine
        from migrate.engine.writing import Writer

        played = self.where.played(self.loaded.plan)
        plan = (played, self.loaded.name, self.loaded.digest)
        inputs = Inputs(lambda: secrets.token_urlsafe(24))
        writer = Writer(plan, self.connections.stores, inputs, self.recorder, self.lock.insist)
        asker = Asker(check_for, self.connections.observer, self.recorder, now)
        return Engine(played, self.recorder, writer, asker, stopping=stopping, heed=self._heed, consent=consent)

    def _heed(self) -> None:
        """Take note of a hold that somebody asked for from another terminal."""
        try:
            asked = json.loads(self.folder.request.read_bytes())
        except (OSError, ValueError):
            return
        reason, by = str(asked.get("reason", "")), str(asked.get("by", "somebody"))
        self.note("hold.set", key="operator", by=by, reason=reason, following="migrate hold clear, then migrate resume")
        self.folder.request.unlink()

    def _append(self, type: str, data: dict[str, Json]) -> Event:  # noqa: A002
        """One record, as long as the lock is ours: the journal has one writer, and it is heard by whoever reads."""
        self.lock.insist()
        event = self.journal.append(type, data)
        self.lock.insist()
        return event

    def _tell(self, event: Event) -> None:
        self._watcher.event(event)
        if event.type in {"step.applied", "step.skipped"}:
            self._refresh()

    def _refresh(self) -> None:
        """What lies on disk is always the way back from now."""
        from migrate.cli.script import way_back

        self.where.runs.write(self.folder.script, way_back(self.loaded, self.run), executable=True)


@contextmanager
def seated(where: Place, one: Known, what: str, watcher: Watcher) -> Iterator[Seat]:
    """The seat of a run that exists. Raises Locked, Refused, Stopped."""
    from migrate.stores.lock import Lock

    lock = Lock(where.runs.folder, owner(what))
    try:
        seat = Seat(where, one.folder, one.loaded, watcher, lock)
    except BaseException:
        lock.release()
        raise
    try:
        yield seat
    finally:
        seat.close()


def unasked() -> bool:
    """The answer where a call brings no word for a stage."""
    return False


def finish(watcher: Watcher, seat: Seat, consent: Callable[[], bool] = unasked) -> None:
    """Drive, show how it ended, and leave with its exit code."""
    ending, code = seat.drive(consent)
    watcher.ending(seat.folder.id, ending, code, back=seat.run.way == "back")
    if code:
        raise typer.Exit(code)


@contextmanager
def _listening() -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C or SIGTERM asks to stop after the step under way; the second stops at once."""
    asked: list[int] = []

    def handler(number: int, _: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        os.write(2, b"stopping after the step under way; once more stops at once\n")

    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, old in before.items():
            signal.signal(number, old)
