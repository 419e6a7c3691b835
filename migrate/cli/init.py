"""`migrate init`: the settings file of an estate, from what its tree says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migrate.model.errors import Failed, Refused


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("init")(init)


def init(
    estate: Annotated[Path, typer.Option("--estate", help="The GitOps folder.")] = Path(),
    shown: Annotated[bool, typer.Option("--print", help="Print the file instead of writing it.")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of migrate.yaml instead, for an editor.")
    ] = False,
) -> None:
    """Write migrate.yaml from what the repository says.

    Asks no server. Writes that one file, and refuses (exit 3) where there is one already.
    """
    from migrate.cli.scan import take
    from migrate.model.config import Config
    from migrate.planning.configuration import FILE
    from migrate.planning.starter import starter
    from migrate.views.console import emit_json, emit_text

    if schema:
        emit_json(Config.model_json_schema())
        return
    target = estate / FILE
    if not shown and (target.exists() or target.is_symlink()):
        raise Refused(
            f"{target} exists already",
            undone="nothing was written",
            following="edit it, or compare it with: migrate init --print",
        )
    text = starter(take(estate).inventory)
    if shown:
        emit_text(text)
        return
    _write(target, text)
    emit_text(f"wrote {target}\nnext: read it, answer its questions, then: migrate scan {estate}")


def _write(target: Path, text: str) -> None:
    """Raises Failed where the folder takes no new file; never replaces one."""
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Failed(
            f"{target} cannot be written: {error.strerror}",
            undone="nothing was written",
            following="migrate init --print shows what would have been written",
        ) from error
