"""`migrate demo`: the main job on the example estate, in a copy that may be played with, there and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from migrate.model.errors import Exit, Failed

_IDENTITY = ("-c", "user.name=migrate demo", "-c", "user.email=demo@example.test", "-c", "commit.gpgsign=false")


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("demo")(demo)


def demo(
    folder: Annotated[Path | None, typer.Option(help="Where to put the copy; a new temporary folder if unset.")] = None,
) -> None:
    """Scan and plan the example estate, then apply the plan in a practice world and take it back.

    Works on a copy with its own Git history; touches no server and nothing of yours.
    """
    import os

    from migrate.views.demo import farewell, heading, left

    estate = prepare(folder)
    base = estate.parent
    os.environ["MIGRATE_STATE"] = str(base.absolute() / "runs")
    try:
        for step in chain(_reading(estate), _practising(estate)):  # one by one: later ones read what earlier wrote
            heading(step.words, by_git=step.git)
            _take(step, estate)
    except (KeyboardInterrupt, typer.Exit):
        left(str(base))
        raise
    farewell(str(base), str(estate), _run_options(estate))


@dataclass(frozen=True, slots=True)
class _Step:
    """One command of the walk, and the exit code that belongs there."""

    words: tuple[str, ...]
    code: Exit = Exit.DONE
    git: bool = False


def _take(step: _Step, estate: Path) -> None:
    from migrate.cli.main import run

    if step.git:
        _git(estate, *step.words)
    elif (code := run([*step.words])) != step.code:
        raise typer.Exit(code or Exit.FAILED)


def _reading(estate: Path) -> Iterator[_Step]:
    yield _Step(("scan", str(estate)))
    plan = str(estate.parent / "phase1.plan.json")
    yield _Step(("plan", "phase1", "--estate", str(estate), "-o", plan))
    yield _Step(("show", plan))


def _practising(estate: Path) -> Iterator[_Step]:
    """Forward to the middle of the migration, and all the way back, each merge a real one."""
    here, plan = _run_options(estate), str(estate.parent / "practice.plan.json")
    yield _Step(("plan", "phase1", *here, "-o", plan))
    name, digest = _plan(plan)
    yield _Step(("apply", plan, *here, "--approve", digest), Exit.HELD)
    yield _Step(("merge", "--no-edit", f"migrate/{name}"), git=True)
    yield _Step(("resume", *here), Exit.HELD)
    yield _Step(("status", *here))
    yield _Step(("rollback", *here), Exit.INCOMPLETE)
    yield _Step(("merge", "--no-edit", f"migrate/{name}-rollback"), git=True)
    yield _Step(("rollback", *here))


def _run_options(estate: Path) -> tuple[str, ...]:
    return "--estate", str(estate), "--world", str(estate.parent / "world")


def _plan(path: str) -> tuple[str, str]:
    from migrate.cli.show import read_plan

    loaded = read_plan(Path(path))
    return loaded.name, loaded.digest


def prepare(folder: Path | None) -> Path:
    """A copy of the example estate, committed to a Git repository of its own.

    Raises Failed where the folder is taken, or Git is missing.
    """
    import shutil
    import tempfile

    from migrate.planning.configuration import FILE

    source = example()
    place = folder if folder is not None else Path(tempfile.mkdtemp(prefix="migrate-demo-"))
    estate = place / "estate"
    if estate.exists():
        raise Failed(f"{estate} exists already", undone="nothing was copied", following="name another --folder")
    shutil.copytree(source, estate)
    # Practice need not wait for a day and a week.
    (estate / FILE).write_text("soak: {cutover: 0s, contract: 0s}\n", encoding="utf-8")
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        ("commit", "--quiet", "-m", "Example"),
    ):
        _git(estate, *words)
    return estate


def example() -> Path:
    """The example estate that travels with the tool: the one with its own Flux entry point."""
    from migrate.catalog import shelf

    found = sorted(folder.parent for folder in shelf("examples").glob("*/clusters"))
    if not found:
        raise Failed("the example estate is missing", following="reinstall the tool")
    return found[0]


def _git(estate: Path, *words: str) -> None:
    import subprocess

    try:
        subprocess.run(("git", "-C", str(estate), *_IDENTITY, *words), check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failed(
            "the example could not be put under Git",
            truth=f"its files are in {estate}",
            following="install git, or scan the folder as it is: migrate scan FOLDER",
        ) from error
