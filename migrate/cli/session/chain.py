"""`migrate verify --session`: the whole chain of a session, offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from migrate.model.errors import Exit, Failed

if TYPE_CHECKING:
    from migrate.cli.place import Place
    from migrate.sessions.chain import Chain
    from migrate.stores.sessions import SessionFolder


def verify_session(name: str, estate: Path | None, *, as_json: bool) -> None:
    """Look a session's records over and name the first link that does not hold. Exit 0 all hold, 1 one does not."""
    from migrate.cli.place import place
    from migrate.stores.sessions import Sessions
    from migrate.views import session as view

    where = place(estate, None)
    found = next((one for one in Sessions(where.runs).all() if one.id == name), None)
    if found is None:
        raise Failed(f"there is no session {name} of {where.estate}", following="migrate session status")
    chain = looked(where, found)
    view.verified(name, chain, as_json=as_json)
    if chain.broken:
        raise typer.Exit(Exit.FAILED)


def looked(where: Place, folder: SessionFolder) -> Chain:
    """Every link of a session's chain, looked at. Asks no server."""
    from migrate.sessions.chain import looked_over

    def of_run(run: str, file: str) -> bytes | None:
        path = where.runs.folder / "runs" / Path(run).name / file
        return path.read_bytes() if path.is_file() else None

    return looked_over(folder.log.read_bytes(), folder.read, of_run, _plan_digest)


def _plan_digest(data: bytes) -> str:
    """The digest that a plan file deserves, whatever it says of itself."""
    from migrate.planning.document import digest_of

    try:
        return digest_of(json.loads(data))
    except (ValueError, TypeError, AttributeError):
        return "no plan"
