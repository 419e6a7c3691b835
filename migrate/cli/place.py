"""What every run command stands on: the estate, its runs, and the practice world if there is one."""

from __future__ import annotations

import os
import shlex
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.completing import run_ids
from migrate.model.errors import Failed, Stopped

if TYPE_CHECKING:
    from migrate.engine.fold import Run
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


def place(estate: Path | None, world: Path | None) -> Place:
    """Where a command works. Raises Failed where the folder is none."""
    from migrate.stores.runs import runs_of

    root = (estate or standing_in()).absolute()
    if not root.is_dir():
        raise Failed(f"{root} is no folder", undone="nothing was done", following="name the estate: --estate DIR")
    return Place(root, world.resolve() if world else None, runs_of(root, os.environ))


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


def known_runs(where: Place) -> list[Known]:
    """Every run of this estate in this world (or, without one, on servers), newest first."""
    found = [known(folder) for folder in where.runs.all()]
    return [one for one in found if one is not None and one.run.world == where.world_name]


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
    """The run that is meant. Raises Failed where there is none of that name, or none at all, Stopped where damaged."""
    named = next((folder for folder in where.runs.all() if folder.id == name), None)
    if named is not None and (one := known(named)) is not None and one.run.world == where.world_name:
        return one  # a damaged one beside it is no reason to leave this one where it is
    runs = known_runs(where)
    if name is not None:
        found = next((one for one in runs if name in {one.folder.id, one.run.plan}), None)
    else:
        found = next((one for one in runs if one.run.ended is None), runs[0] if runs else None)
    if found is not None:
        return found
    there = f"there are: {', '.join(one.folder.id for one in runs)}" if runs else "there is no run here"
    what = f"there is no run {name}" if name else "there is no run"
    world = f"in the practice world {where.world}" if where.world else "on servers (practice runs need --world DIR)"
    raise Failed(f"{what} of {where.estate} {world}", truth=there, following="migrate apply PLAN, or migrate status")


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
