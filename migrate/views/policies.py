"""Findings of policies and roles, for people and programs."""

from __future__ import annotations

from dataclasses import asdict

from migrate.grants.findings import Finding
from migrate.views.console import emit_json, emit_text
from migrate.views.text import Line, coloured, rendered, safe

SCHEMA = "migrate.policies/v1"


def checked(found: list[tuple[str, list[Finding]]], *, as_json: bool) -> None:
    """What each grants that nobody meant."""
    if as_json:
        entries = [{"policy": name, "findings": [asdict(one) for one in findings]} for name, findings in found]
        emit_json({"schema": SCHEMA, "checked": entries})
        return
    lines = list[Line]()
    for name, findings in found:
        lines.append(Line(f"{safe(name)}: {len(findings)} findings" if findings else f"{safe(name)}: nothing found"))
        for one in findings:
            where = f"line {one.line}  " if one.line else ""
            lines.append(Line(f"  {where}{one.code}: {_about(one)}", "yellow"))
            lines.append(Line(f"      next: {safe(one.fix)}"))
    if not found:
        lines.append(Line("There is no policy and no role to look at."))
    emit_text(rendered(lines, colour=coloured()))


def _about(one: Finding) -> str:
    return safe(f"{one.path}: {one.text}" if one.path else one.text)
