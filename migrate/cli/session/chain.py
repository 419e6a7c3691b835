"""`migrate verify --session`: the whole chain of a session, offline."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from migrate.model.errors import Exit, Failed


def verify_session(name: str, estate: Path | None, *, as_json: bool) -> None:
    """Look a session's records over and name the first link that does not hold. Exit 0 all hold, 1 one does not."""
    from migrate.cli.place import place
    from migrate.sessions.chain import Chain, looked_over
    from migrate.stores.sessions import SessionFolder, Sessions
    from migrate.views import session as view

    where = place(estate, None)
    found: SessionFolder | None = next((one for one in Sessions(where.runs).all() if one.id == name), None)
    if found is None:
        raise Failed(f"there is no session {name} of {where.estate}", following="migrate session status")

    def of_run(run: str, file: str) -> bytes | None:
        path = where.runs.folder / "runs" / Path(run).name / file
        return path.read_bytes() if path.is_file() else None

    chain: Chain = looked_over(found.log.read_bytes(), found.read, of_run, _plan_digest)
    view.verified(name, chain, as_json=as_json)
    if chain.broken:
        raise typer.Exit(Exit.FAILED)


def _plan_digest(data: bytes) -> str:
    """The digest that a plan file deserves, whatever it says of itself."""
    from migrate.planning.document import digest_of

    try:
        return digest_of(json.loads(data))
    except (ValueError, TypeError, AttributeError):
        return "no plan"
