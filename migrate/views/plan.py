"""A plan for people: by stage and blast radius, the way back beside each step, and what must be known first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby

from migrate.model.change import Irreversible
from migrate.model.json import Json, sequence
from migrate.model.plan import END, STAGES, Gate, Plan, Remark, Step
from migrate.planning.explain import Explanation
from migrate.planning.loading import Loaded
from migrate.planning.rendering import backward, forward
from migrate.views.console import notes
from migrate.views.practice import BANNER
from migrate.views.text import Line, coloured, rendered, safe

_FEW, _ONE_SCREEN = 3, 6
_MARKS = {"blocks": ("stop", "red bold"), "warning": ("warning", "yellow"), "info": ("note", "dim")}


def raw(text: str) -> None:
    """The plan file itself on stdout."""
    from migrate.views.console import emit_text

    emit_text(text)


def nothing_to_do(phase: str, why: str) -> None:
    """The phase has nothing to move here."""
    _print([Line(f"{phase}: nothing to do", "bold"), Line(f"  {safe(why)}")])


def exported(folder: str, files: list[str]) -> None:
    """What was written, on stderr: it is no result."""
    notes().print(f"{len(files)} files written to {folder}", markup=False)


def written(path: str, name: str, digest: str, plan: Plan) -> None:
    """A plan went to a file."""
    blocks = sum(1 for remark in plan.findings if remark.severity == "blocks")
    lines = [
        Line(f"{name}: {len(plan.steps)} steps, {len(plan.gates)} gates, written to {safe(path)}", "bold"),
        Line(f"  digest {digest}"),
    ]
    if plan.mode == "practice":
        lines.append(Line(f"  {BANNER}", "yellow"))
    if blocks:
        lines.append(Line(f"  {blocks} findings stop an apply", "red bold"))
    _print([*lines, Line(f"  next: migrate show {safe(path)}")])


def summary(plan: Plan, name: str, digest: str) -> None:
    """The plan in short: steps without their texts, then the findings."""
    lines = [*_head(plan, name, digest)]
    for stage in STAGES:
        steps = [step for step in plan.steps if step.stage == stage]
        if steps:
            lines.append(Line(stage, "bold"))
        for step in steps:
            lines.append(Line(f"  {step.id}"))
            lines.append(Line(f"      {safe(step.summary)}{_undo_mark(step)}"))
    lines += _known(plan)
    lines.append(
        Line("  next: migrate plan ... -o FILE keeps it, migrate show FILE shows every change and its way back")
    )
    _print(lines)


def show(loaded: Loaded) -> None:
    """The whole plan."""
    plan = loaded.plan
    lines = [
        *_head(plan, loaded.name, loaded.digest),
        Line(f"  made {safe(loaded.created)} by {safe(loaded.tool)}"),
        Line(),
    ]
    for stage in STAGES:
        steps = [step for step in plan.steps if step.stage == stage]
        if steps:
            lines += [Line(f"=== {stage} ===", "bold"), *_gates(plan, stage)]
        for blast, group in groupby(steps, key=lambda step: step.blast):
            lines.append(Line(f"  blast radius: {safe(blast)}", "yellow"))
            for step in group:
                lines += _step(plan, step)
        lines.append(Line())
    if any(gate.before == END for gate in plan.gates):
        lines += [Line("=== end ===", "bold"), *_gates(plan, END), Line()]
    _print([*lines, *_known(plan), Line(), *_in_short(loaded)])


def agreed_to(loaded: Loaded) -> None:
    """On one screen, what a yes to this plan is a yes to. On stderr: it stands before a question."""
    notes().print(rendered(_in_short(loaded), colour=False), markup=False)


def _in_short(loaded: Loaded) -> Iterator[Line]:
    plan = loaded.plan
    yield Line(f"in short: {loaded.name}, {safe(plan.unit)}", "bold")
    for stage in STAGES:
        yield from _stage_in_short(stage, [step for step in plan.steps if step.stage == stage])
    lasting = {step.id: step.change.undo for step in plan.steps if isinstance(step.change.undo, Irreversible)}
    yield _row("way back", "every step, but:" if lasting else "every step")
    yield from (_row("", f"{step}: {undo.remains}", "yellow") for step, undo in lasting.items())
    files = sorted({edit.file for step in plan.steps for edit in step.change.files})
    if files:
        yield _row("in Git", ", ".join(files[:_FEW]) + (f" and {len(files) - _FEW} more" if files[_FEW:] else ""))
    for severity in ("blocks", "warning"):
        word, style = _MARKS[severity]
        if codes := dict.fromkeys(remark.code for remark in plan.findings if remark.severity == severity):
            yield _row(word, ", ".join(codes), style)
    yield _row("digest", loaded.digest)


def _stage_in_short(stage: str, steps: list[Step]) -> Iterator[Line]:
    if steps:
        word = "; it asks again before this stage" if stage == "contract" else ""
        yield _row(stage, f"{len(steps)} {'step' if len(steps) == 1 else 'steps'}{word}")
        blasts = list(dict.fromkeys(step.blast for step in steps))
        yield from (_row("", blast, "yellow") for blast in blasts[:_ONE_SCREEN])
        if more := blasts[_ONE_SCREEN:]:
            yield _row("", f"and {len(more)} more")


def _row(label: str, text: str, style: str = "") -> Line:
    return Line(f"  {label:<9} {safe(text)}", style)


def explain(found: Explanation) -> None:
    """Why one step is there."""
    step = found.step
    lines = [Line(step.id, "bold"), Line(f"  {safe(step.summary)}"), Line(f"  {safe(found.why)}", "dim"), Line()]
    lines.append(Line(f"  phase      {safe(found.phase.place)}"))
    if found.phase.text:
        lines.append(Line(f"             {safe(found.phase.text)}", "dim"))
    if found.policy:
        lines += [
            Line(f"  policy     {safe(found.policy.place)}"),
            Line(f"             {safe(found.policy.text)}", "dim"),
        ]
    lines += [Line(f"  inventory  {safe(entry)}") for entry in found.inventory]
    lines += [Line(f"  stands on  {one}") for one in found.after] + [
        Line(f"  needed by  {one}") for one in found.before
    ]
    lines += [Line(f"  gate       {gate.id} ({gate.way}): {safe(gate.check)}") for gate in found.gates]
    lines += [Line(f"  {_remark_label(one)}  {one.code}: {safe(one.text)}") for one in found.remarks]
    _print(lines)


def _remark_label(one: Remark) -> str:
    return {"blocks": "stops    ", "warning": "warning  "}.get(one.severity, "note     ")


def _credential(plan: Plan) -> str:
    return "" if plan.credential == "none" else f", {plan.credential} credential"


def _head(plan: Plan, name: str, digest: str) -> Iterator[Line]:
    yield Line(f"{name}: {safe(plan.unit)}{_credential(plan)}, {plan.mode}", "bold")
    if plan.mode == "practice":
        yield Line(f"  {BANNER}", "yellow")
    yield Line(f"  digest {digest}")
    commit = plan.commit[:12] if plan.commit else "no commit"
    yield Line(f"  estate at {commit}{' with uncommitted changes' if plan.dirty else ''}")


def _gates(plan: Plan, before: str) -> Iterator[Line]:
    for gate in plan.gates:
        if gate.before == before:
            yield Line(f"    {_gate(gate, plan)}", "blue")


def _gate(gate: Gate, plan: Plan) -> str:
    way = "gate" if gate.way == "forward" else "gate on the way back"
    soak = f", for {gate.soak}" if gate.soak not in {"", "0s"} else ""
    limit = f"within {gate.timeout}" if gate.timeout != "0s" else "waits for people"
    unknown = "unknown offline; " if plan.mode == "offline" else ""
    return f"{way} {gate.id}: {safe(gate.check)} ({unknown}{limit}{soak})"


def _step(plan: Plan, step: Step) -> Iterator[Line]:
    yield from _gates(plan, step.id)
    yield Line(f"    {step.id}", "bold")
    yield Line(f"      {safe(step.summary)}")
    yield from _texts("do", forward(step.change))
    yield from _texts("undo", backward(step.change))
    if isinstance(step.change.undo, Irreversible):
        yield Line(f"      remains: {safe(step.change.undo.remains)}", "yellow")
        yield Line(
            f"      dealt with by the undo of: {step.change.undo.compensates or 'nothing in this plan'}", "yellow"
        )
    yield Line(f"      guard: {safe(step.guard)}", "dim")
    yield Line(f"      needs: {safe('; '.join(step.needs))}", "dim")


def _texts(way: str, change: dict[str, Json]) -> Iterator[Line]:
    stays = f" nothing: {safe(str(change['stays']))}" if "stays" in change else ""
    yield Line(f"      {way}:{stays}")
    for request in sequence(change.get("requests")):
        assert isinstance(request, dict)
        yield Line(f"        {request['method']} {safe(str(request['path']))}")
        for line in json.dumps(request["body"], indent=2).split("\n") if "body" in request else []:
            yield Line(f"          {safe(line)}")
    for statement in sequence(change.get("sql")):
        yield from (Line(f"        {safe(line)}") for line in str(statement).split("\n"))
    if batches := sequence(change.get("batches")):
        yield Line("        for each batch, until no row is left:")
        yield from (Line(f"          {safe(str(line))}") for line in batches)
    for operation in sequence(change.get("patch")):
        yield Line(f"        {safe(json.dumps(operation))}")
    for file in sequence(change.get("files")):
        assert isinstance(file, dict)
        yield from _diff(str(file["diff"]), whole=way == "do")
        if file.get("masked"):
            yield Line(f"        {file['masked']} literals of {safe(str(file['file']))} are not shown", "yellow")
    yield from (Line(f"        then replace the pods of {one} at once") for one in sequence(change.get("replacePods")))


def _diff(diff: str, *, whole: bool) -> Iterator[Line]:
    """Whole on the way there; on the way back its first lines say enough, since it is the same text reversed."""
    lines = diff.rstrip("\n").split("\n")
    if not whole:
        changed = sum(1 for line in lines[2:] if line.startswith(("+", "-")))
        names = lines[1][4:] if lines[1] != "+++ /dev/null" else lines[0][4:]
        yield Line(
            f"        the same diff reversed: {safe(names.removeprefix('b/').removeprefix('a/'))}, {changed} lines"
        )
        return
    for number, line in enumerate(lines):
        style = "dim" if number < 2 or line.startswith("@@") else {"+": "green", "-": "red"}.get(line[:1], "")
        yield Line(f"        {safe(line)}", style)


def _known(plan: Plan) -> Iterator[Line]:
    yield from _section("findings", _findings(plan))
    yield from _section("not known offline", _unknowns(plan))
    yield from _section("to remember", (Line(f"  {safe(note)}") for note in plan.notes))


def _section(title: str, lines: Iterable[Line]) -> Iterator[Line]:
    found = list(lines)
    if found:
        yield from (Line(), Line(title, "bold"), *found)


def _findings(plan: Plan) -> Iterator[Line]:
    for remark in plan.findings:
        word, style = _MARKS[remark.severity]
        yield Line(
            f"  {word:<7} {remark.code}: {safe(remark.text)}{f' ({safe(remark.file)})' if remark.file else ''}", style
        )
        if remark.fix:
            yield Line(f"          fix: {safe(remark.fix)}")


def _unknowns(plan: Plan) -> Iterator[Line]:
    for unknown in plan.unknowns:
        stops = "; apply refuses until then" if unknown.blocks else ""
        yield Line(f"  {safe(unknown.subject)}: {safe(unknown.lacks)} (settled by {safe(unknown.settles)}{stops})")


def _undo_mark(step: Step) -> str:
    return "  [cannot be undone entirely]" if isinstance(step.change.undo, Irreversible) else ""


def _print(lines: Iterable[Line]) -> None:
    from migrate.views.console import emit_text

    emit_text(rendered(lines, colour=coloured()))
