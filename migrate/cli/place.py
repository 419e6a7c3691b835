"""What every run command stands on: the estate, its runs, and the practice world if there is one."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.completing import run_ids
from migrate.model.errors import Failed, MigrateError, Stopped, Usage

if TYPE_CHECKING:
    from migrate.cli.rehearsed import Rehearsal
    from migrate.engine.fold import Run
    from migrate.model.plan import Plan
    from migrate.planning.loading import Loaded
    from migrate.stores.lock import Owner
    from migrate.stores.runs import RunFolder, Runs
    from migrate.views.run import Watcher

EstateOption = Annotated[
    Path | None, typer.Option("--estate", help="The GitOps folder. Default: the repository one stands in.")
]
WorldOption = Annotated[
    Path | None, typer.Option("--world", help="A practice world: a folder that stands for the servers.")
]
PhasesOption = Annotated[
    Path | None,
    typer.Option("--phases", help="A folder with phases of your own, and the operations that only they use."),
]


def in_words(reason: str | None) -> str | None:
    """A reason that was given. Raises Usage where it says nothing: whoever meets it later has that alone."""
    if reason is not None and not reason.strip():
        raise Usage("the reason is empty", following="say in a few words why")
    return reason


JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines instead of text; never prompts.")]
RunArgument = Annotated[
    str | None,
    typer.Argument(help="The run. Default: the open one, else the latest.", autocompletion=run_ids),
]


@dataclass(frozen=True, slots=True)
class Place:
    """An estate and where its runs are kept."""

    estate: Path
    world: Path | None
    runs: Runs
    rehearsal: Rehearsal | None = None
    """The lab that stands for the servers, while a plan is rehearsed."""

    @property
    def options(self) -> str:
        """What must be typed behind a command so that it works here again."""
        words = list[str]()
        if self.estate != standing_in().absolute():
            words += ["--estate", str(self.estate)]
        if self.world:
            words += ["--world", str(self.world)]
        return "".join(f" {shlex.quote(word)}" for word in words)

    @property
    def world_name(self) -> str | None:
        """The world's folder as journals name it."""
        return str(self.world) if self.world else None

    @property
    def world_id(self) -> str | None:
        """The world as plans name it; None on servers, and where no world is there to ask."""
        from migrate.stores.practice import practice

        try:
            return practice(self.world, self.estate, None, make=False).places()["world"] if self.world else None
        except MigrateError:
            return None

    def played(self, plan: Plan) -> Plan:
        """The plan as it is gone through here: in a rehearsal its soaks are short."""
        return self.rehearsal.played(plan) if self.rehearsal else plan


def place(estate: Path | None, world: Path | None) -> Place:
    """Where a command works. Raises Failed where the folder is none."""
    from migrate.cli.rehearsed import rehearsal
    from migrate.stores.runs import runs_of

    root = (estate or standing_in()).absolute()
    if not root.is_dir():
        raise Failed(f"{root} is no folder", undone="nothing was done", following="name the estate: --estate DIR")
    return Place(root, world.resolve() if world else None, runs_of(root, os.environ), rehearsal(os.environ))


def standing_in() -> Path:
    """The Git repository one stands in, else the folder itself."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


@dataclass(frozen=True, slots=True)
class Known:
    """A run that exists: where it lies, what was approved, and how far it is."""

    folder: RunFolder
    loaded: Loaded
    run: Run


@dataclass(frozen=True, slots=True)
class Damaged:
    """A run whose journal or plan cannot be believed, and why."""

    folder: RunFolder
    error: MigrateError


def known_runs(where: Place) -> list[Known]:
    """Every run of this estate in this world (or, without one, on servers) that can be read, newest first."""
    return [one for one in looked_at(where) if isinstance(one, Known)]


def damaged_runs(where: Place) -> list[Damaged]:
    """Those that cannot, and may be of this world, newest first."""
    return [one for one in looked_at(where) if isinstance(one, Damaged)]


def looked_at(where: Place) -> Iterator[Known | Damaged]:
    """Every run that is, or may be, of this world, newest first."""
    for folder in where.runs.all():
        try:
            one = known(folder)
        except MigrateError as error:
            if not _elsewhere(where, folder):
                yield Damaged(folder, error)
        else:
            if one is not None and one.run.world == where.world_name:
                yield one


def _elsewhere(where: Place, folder: RunFolder) -> bool:
    """Whether what is left of a run says that it is of another world than this: its first record, else its plan."""
    from migrate.planning.loading import load_plan
    from migrate.stores.journal import first

    if (opened := first(folder.journal)) is not None:
        return opened.data.get("world") != where.world_name
    try:
        plan = load_plan(folder.plan.read_bytes(), str(folder.plan)).plan
    except (MigrateError, OSError):
        return False
    if (plan.mode == "practice") != (where.world is not None):
        return True
    made_in, here = dict(plan.places).get("world"), where.world_id
    return made_in is not None and here is not None and made_in != here


def known(folder: RunFolder) -> Known | None:
    """A run from its folder; None where it was never opened. Raises Stopped where journal or plan are damaged."""
    from migrate.engine.fold import fold
    from migrate.planning.loading import load_plan
    from migrate.stores.journal import whole

    events = whole(folder.journal).events
    if not events and not folder.script.exists():
        return None
    if not events or not folder.plan.exists():
        raise _lost(folder, "plan" if events else "journal")
    return Known(folder, load_plan(folder.plan.read_bytes(), str(folder.plan)), fold(events))


def _lost(folder: RunFolder, what: str) -> Stopped:
    return Stopped(
        f"the {what} of run {folder.id} is gone",
        truth=f"what it wrote is still there; {folder.script} says how to take it back by hand",
        undone="nothing was written",
        following="migrate recover PLAN rebuilds it from the plan and what is really there",
    )


def chosen_run(where: Place, name: str | None) -> Known:
    """The run that is meant: by name, else the open one, else the newest.

    Raises Failed where there is none of that name, or none at all; Stopped or Refused where that very one is damaged.
    Damaged ones beside it are named on stderr, and stop nothing.
    """
    from migrate.views.run import left_aside

    found = list(looked_at(where))
    if name is None:
        chosen = next(
            (one for one in found if isinstance(one, Known) and one.run.ended is None), next(iter(found), None)
        )
    else:
        chosen = next((one for one in found if name in _names(one)), None)
    match chosen:
        case Damaged(_, error):
            raise error
        case Known():
            left_aside([(one.folder.id, one.error) for one in found if isinstance(one, Damaged)])
            return chosen
    runs = [one.folder.id for one in found]
    there = f"there are: {', '.join(runs)}" if runs else "there is no run here"
    what = f"there is no run {name}" if name else "there is no run"
    world = f"in the practice world {where.world}" if where.world else "on servers (practice runs need --world DIR)"
    # Whoever named one that is not there wants one that is, and not a new one.
    following = "migrate status" if name or runs else "migrate apply PLAN, or migrate status"
    raise Failed(f"{what} of {where.estate} {world}", truth=there, following=following)


def _names(one: Known | Damaged) -> set[str]:
    return {one.folder.id, one.run.plan} if isinstance(one, Known) else {one.folder.id}


def owner(what: str) -> Owner:
    """This process, for the lock."""
    import secrets

    from migrate.stores.lock import Owner

    return Owner(
        secrets.token_hex(4), who(), what, socket.gethostname(), os.getpid(), now().isoformat(timespec="seconds")
    )


def who() -> str:
    """Who types. Git's idea of the author may be anybody; the login is who is at the keyboard."""
    import getpass

    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def watcher(verb: str, where: Place, *, as_json: bool) -> Watcher:
    """Who tells of a run in this place."""
    from migrate import __version__
    from migrate.views.run import Watcher

    tool = f"migrate {__version__}"
    return Watcher(verb, tool, as_json=as_json, world=where.world_name, options=where.options)
