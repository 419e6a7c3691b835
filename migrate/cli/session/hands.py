"""What a session needs done, done here: our commands in process, questions at the terminal, looks through checks."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import chdir, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from migrate.cli.commands import parse
from migrate.cli.place import Known, Place, chosen_run, now
from migrate.cli.session.recording import recorded
from migrate.cli.session.where import Open, person
from migrate.cli.where import where_of
from migrate.model.errors import Failed, MigrateError
from migrate.model.plan import STAGES
from migrate.sessions.commands import Parsed, Unparsed
from migrate.sessions.hands import Kept, PlanName, Ran
from migrate.sessions.redaction import Redactor, secret_values

if TYPE_CHECKING:
    from migrate.checks.answer import Answer
    from migrate.engine.standing import Standing
    from migrate.model.json import Json
    from migrate.model.ports import Observer
    from migrate.sessions.runbook import Command
    from migrate.sessions.session import Person

_LARGEST = 25_000_000  # bytes of a file that is attached
_RUN_VERBS = frozenset(("apply", "resume", "rollback", "baseline", "hold", "verify", "recover", "status", "log"))


class Terminal:
    """The hands of a session at this terminal."""

    def __init__(self, one: Open) -> None:
        self._one, self._where = one, one.where
        self._known = secret_values(os.environ)

    @property
    def person(self) -> Person:
        """Who types."""
        return person()

    def parse(self, words: Sequence[str]) -> Parsed | Unparsed:
        """What a command means."""
        return parse(words)

    def run(self, label: str, part: Command, words: list[str], *, again: bool) -> Ran:
        """Run a command in the session's folder. An apply that was begun before is gone on with."""
        from migrate.cli.main import run
        from migrate.views import session as view

        name, path = self._fresh(label, ".txt")
        if again and (open_run := self._open_run()) is not None:
            words = ["resume", open_run.folder.id, *where_of(words)]
        view.command(words)
        begun = time.monotonic()
        with chdir(self._one.session.folder), recorded(path, self._known, self._one.folder.runs.files):
            code = run(words)
        seconds = time.monotonic() - begun
        digest = sha256(path.read_bytes()).hexdigest()
        verb = words[0]
        left = self._run_left() if verb in _RUN_VERBS else None
        if left is None:
            return Ran(code, name, digest, seconds, {}, past=False, waits="", settles="")
        standing = _standing(left)
        waits, settles = (f"{held.by}: {held.reason}", held.next) if (held := standing.held) else ("", "")
        past = _asks(left, standing, part.asks) if part.asks else _past(standing, part.past)
        return Ran(code, name, digest, seconds, _anchor(left), past, waits, settles)

    def look(self, check: str, about: Mapping[str, str]) -> Answer:
        """Ask a check; what it needs to know comes from the runbook, else from the run's plan."""
        from migrate.checks.answer import Inconclusive, Question
        from migrate.checks.catalogue import CHECKS

        left = self._run_left()
        if not about and left is not None:
            about = next((dict(gate.about) for gate in left.loaded.plan.gates if gate.id == check), {})
        if missing := [word for word in CHECKS[check].needs if word not in about]:
            return Inconclusive(f"{check} needs to know {', '.join(missing)}", "write it under about: in the runbook")
        try:
            return CHECKS[check].ask(_observer(self._where, left), Question(about, now()))
        except MigrateError as error:
            return Inconclusive(error.happened, error.following or "an answer from it")

    def plan(self, path: str) -> PlanName:
        """The plan in a file, as seen from the session's folder."""
        from migrate.cli.show import read_plan

        loaded = read_plan(Path(self._one.session.folder) / path)
        return PlanName(loaded.name, loaded.digest)

    def agreed_to(self, path: str) -> None:
        """Show in short what the plan in a file is."""
        from migrate.cli.show import read_plan
        from migrate.views import plan as view

        view.agreed_to(read_plan(Path(self._one.session.folder) / path))

    def ask(self, question: str) -> str | None:
        """What a person types; None where there is no terminal on both sides."""
        from migrate.views.prompt import ask

        return ask(question) if sys.stdin.isatty() and sys.stderr.isatty() else None

    def keep(self, label: str, given: str, *, is_file: bool) -> Kept:
        """Keep a text or a copy of a file; texts, also in files, are kept without what looks secret."""
        data, ending = (_attached(Path(given)), Path(given).suffix) if is_file else (given.encode(), ".txt")
        with suppress(UnicodeDecodeError):  # a picture is kept as it is
            data = Redactor(self._known).text(data.decode("utf-8")).encode()
        name, _ = self._fresh(label, ending if ending.isascii() else "")
        self._one.folder.write(name, data)
        return Kept(name, sha256(data).hexdigest())

    def heading(self, title: str, text: Sequence[str]) -> None:
        """Show where we are."""
        from migrate.views import session as view

        view.heading(title, text)

    def _fresh(self, label: str, ending: str) -> tuple[str, Path]:
        folder = self._one.folder.path / "evidence"
        number = len(list(folder.iterdir())) + 1
        name = f"evidence/{number:03d}-{label}{ending}"
        return name, self._one.folder.path / name

    def _run_left(self) -> Known | None:
        try:
            return chosen_run(self._where, None)
        except MigrateError:
            return None

    def _open_run(self) -> Known | None:
        left = self._run_left()
        return left if left is not None and left.run.ended is None else None


def _standing(one: Known) -> Standing:
    from migrate.engine.standing import standing

    return standing(one.run, one.loaded.plan)


def _past(standing: Standing, stage: str) -> bool:
    """Whether the run has come past a stage: what comes next belongs to a later one, or all is done."""
    if standing.state == "done":
        return True
    if not stage or standing.back or standing.stage is None:
        return False
    return STAGES.index(standing.stage) > STAGES.index(stage)


def _asks(one: Known, standing: Standing, stage: str) -> bool:
    """Whether the run waits for the word that a stage needs, all gates before it passed; or has the word."""
    from migrate.engine.advance import Consent, Course
    from migrate.engine.route import ahead

    if standing.state == "done" or stage in one.run.approved:
        return True
    action = (
        Course(one.loaded.plan, ahead(one.loaded.plan, one.run)).next(one.run) if one.run.way == "forward" else None
    )
    return isinstance(action, Consent) and action.stage == stage


def _anchor(one: Known) -> dict[str, Json]:
    """The newest record of a run's journal, and its plan."""
    from migrate.stores.journal import whole

    last = whole(one.folder.journal).events[-1]
    return {"run": one.folder.id, "plan": one.loaded.digest, "sequence": last.sequence, "head": last.hash}


def _observer(where: Place, left: Known | None) -> Observer:
    from migrate.cli.connect import connect
    from migrate.stores.practice import practice

    if left is not None:
        return connect(where, left.loaded).observer
    if where.world is None:
        raise Failed("no run names the servers to look at", following="look by hand and attest it")
    return practice(where.world, where.estate, None)


def _attached(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise Failed(f"{path} is larger than 25 MB", undone="nothing was kept", following="attach a smaller one")
        return path.read_bytes()
    except OSError as error:
        raise Failed(f"{path}: {error.strerror}", undone="nothing was kept", following="name another file") from error
