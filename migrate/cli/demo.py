"""`migrate demo`: the main job on the example estate, in a copy that may be played with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migrate.model.errors import Failed

_IDENTITY = ("-c", "user.name=migrate demo", "-c", "user.email=demo@example.test", "-c", "commit.gpgsign=false")


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("demo")(demo)


def demo(
    folder: Annotated[Path | None, typer.Option(help="Where to put the copy; a new temporary folder if unset.")] = None,
) -> None:
    """Scan and plan the example estate.

    Works on a copy with its own Git history; touches no server and nothing of yours.
    """
    from migrate.cli.main import run
    from migrate.cli.verbs import verbs
    from migrate.views.demo import farewell, heading

    estate = prepare(folder)
    known = frozenset(verbs())
    steps = [["scan", str(estate)]]
    if "plan" in known:
        plan = str(estate.parent / "phase1.plan.json")
        steps.append(["plan", "phase1", "--estate", str(estate), "-o", plan])
        if "show" in known:
            steps.append(["show", plan])
    for step in steps:
        heading(step)
        if code := run(step):
            raise typer.Exit(code)
    farewell(str(estate), known)


def prepare(folder: Path | None) -> Path:
    """A copy of the example estate, committed to a Git repository of its own.

    Raises Failed where the folder is taken, or Git is missing.
    """
    import shutil
    import tempfile

    source = example()
    place = folder if folder is not None else Path(tempfile.mkdtemp(prefix="migrate-demo-"))
    estate = place / "estate"
    if estate.exists():
        raise Failed(f"{estate} exists already", undone="nothing was copied", following="name another --folder")
    shutil.copytree(source, estate)
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
