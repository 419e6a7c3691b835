"""Runbooks for people and programs."""

from __future__ import annotations

from dataclasses import asdict

from migrate.model.json import Json
from migrate.sessions.runbook import Command, Confirm, Evidence, Fault, Gate, Manual, Part, Runbook, Text
from migrate.views.console import emit_json, emit_text
from migrate.views.text import Line, coloured, rendered, safe, screen_width, table, wrapped

SCHEMA = "migrate.runbook/v1"


def listing(runbooks: list[tuple[str, Runbook]], *, as_json: bool) -> None:
    """One line a runbook."""
    if as_json:
        emit_json({"schema": SCHEMA, "runbooks": [_brief(name, one) for name, one in runbooks]})
        return
    rows = [(name, f"reviewed {one.reviewed}", safe(one.title)) for name, one in runbooks]
    emit_text("\n".join(table(rows, screen_width(), "")))


def show(name: str, runbook: Runbook, *, as_json: bool) -> None:
    """The runbook step by step."""
    if as_json:
        steps: list[Json] = [
            {"id": step.id, "title": step.title, "line": step.line, "parts": [said(part) for part in step.parts]}
            for step in runbook.steps
        ]
        inputs: list[Json] = [asdict(one) for one in runbook.inputs]
        emit_json({"schema": SCHEMA, "runbooks": [_brief(name, runbook) | {"inputs": inputs, "steps": steps}]})
        return
    width = screen_width()
    lines = [Line(safe(runbook.title), "bold"), Line(f"  {runbook.owner}, reviewed {runbook.reviewed}", "dim")]
    lines += [Line(f"  asks for {one.name}: {safe(one.what)}") for one in runbook.inputs]
    back = {step.id for step in runbook.back}
    for step in runbook.steps:
        lines += [Line(), Line(f"{step.id}: {safe(step.title)}{' (way back)' if step.id in back else ''}", "bold")]
        for block in step.blocks:
            if isinstance(block, Text):
                for row in block.text.split("\n"):
                    lines += [Line(text) for text in wrapped(safe(row), width, "  ")]
            else:
                lines.append(Line(f"  > {safe(said(block))}", "green"))
    emit_text(rendered(lines, colour=coloured()))


def checked(found: list[tuple[str, list[Fault]]], *, as_json: bool) -> None:
    """What stands in the way of following each."""
    if as_json:
        entries = [{"runbook": name, "findings": [asdict(one) for one in faults]} for name, faults in found]
        emit_json({"schema": SCHEMA, "checked": entries})
        return
    lines = list[Line]()
    for name, faults in found:
        lines.append(Line(f"{safe(name)}: {len(faults)} findings" if faults else f"{safe(name)}: can be followed"))
        for fault in faults:
            lines.append(Line(f"  line {fault.line}  {fault.code}: {safe(fault.text)}", "yellow"))
            lines.append(Line(f"      next: {safe(fault.fix)}"))
    emit_text(rendered(lines, colour=coloured()))


def said(part: Part) -> str:
    """One part in one line."""
    match part:
        case Command(typed=typed, expect=expect):
            codes = ", ".join(map(str, sorted(expect)))
            return typed + ("" if expect == {0} else f"   (passes with exit {codes})")
        case Gate(check=check, soak=soak):
            return f"gate {check}" + ("" if soak == "0s" else f", must hold for {soak}")
        case Confirm(words=words, second=second, plan=plan):
            what = f"agree to {plan}" if plan else f"type: {words}"
            return what + ("; a second person agrees too" if second else "")
        case Evidence(what=what, is_file=is_file):
            return f"keep {'a file' if is_file else 'a note'}: {what}"
        case Manual(do=do, check=check):
            return f"by hand: {do}" + (f" (seen by {check})" if check else "")


def _brief(name: str, one: Runbook) -> dict[str, Json]:
    return {
        "name": name,
        "title": one.title,
        "phase": one.phase or None,
        "owner": one.owner,
        "reviewed": one.reviewed,
        "digest": one.digest,
    }
