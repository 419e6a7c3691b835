"""`migrate session status`: where it stands, for who drives, who approves and who only watches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migrate.cli.session.where import EstateOption, SessionOption


def status(
    session: SessionOption = None,
    estate: EstateOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document (migrate.session/v1).")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on looking, until interrupted.")] = False,
) -> None:
    """Show the step that is due, what it waits for, and who drives. Always exits 0."""
    from migrate.cli.session.where import chosen
    from migrate.views import session as view
    from migrate.views.console import emit_text
    from migrate.views.watch import watched

    def text() -> str:
        one = chosen(estate, session)
        running = one.folder.read(_last_output(one.session.running, one.folder.path))
        return view.status(one.runbook, one.session, (running or b"").decode("utf-8", "replace"))

    if as_json:
        one = chosen(estate, session)
        view.status_json(one.runbook, one.session)
    elif watch:
        watched(text)
    else:
        emit_text(text())


def _last_output(running: tuple[str, int] | None, folder: Path) -> str:
    """The file that a command under way writes to."""
    if running is None:
        return ""
    found = sorted(path.name for path in (folder / "evidence").glob(f"*-{running[0]}-{running[1] + 1}.txt"))
    return f"evidence/{found[-1]}" if found else ""
