"""What verify found, for people and for cron."""

from __future__ import annotations

from dataclasses import asdict

from migrate.engine.verifying import Deviation
from migrate.views.console import emit_json, emit_text
from migrate.views.text import Line, coloured, rendered, safe

SCHEMA = "migrate.verify/v1"


def show(run: str, found: list[Deviation], *, as_json: bool) -> None:
    """Every deviation, or that there is none."""
    if as_json:
        emit_json({"schema": SCHEMA, "run": run, "ok": not found, "findings": [asdict(one) for one in found]})
        return
    lines = [Line(f"{run}: {len(found)} findings" if found else f"{run}: the world is as it was recorded", "bold")]
    for one in found:
        lines.append(Line(f"  {one.code}  {safe(one.target)}: {safe(one.text)}", "yellow"))
        lines.append(Line(f"      next: {safe(one.fix)}"))
    emit_text(rendered(lines, colour=coloured()))
