"""What a prediction looks like to a person. Files, containers and traps; the exact pod is for `--json`."""

from __future__ import annotations

from rich.markup import escape

from migrate.injector.answer import Answer
from migrate.injector.footprint import Footprint, footprint
from migrate.injector.lint import Finding, Severity
from migrate.injector.prediction import Denied, Mutated, Unanswered, Untouched
from migrate.views.console import notes, result

_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


def assumed(address: str) -> None:
    """Say which injector was assumed, when the caller named none."""
    notes().print(
        f"Assumed: an injector as its chart installs it, AGENT_INJECT_VAULT_ADDR={address}. "
        "Give yours with --injector-env KEY=VALUE."
    )


def show(answer: Answer, *, update: bool, linted: bool) -> None:
    """Print a prediction."""
    console = result()
    what = f"{answer.workload.kind} {answer.namespace}/{answer.workload.name}"
    match answer.prediction:
        case Untouched(reason):
            console.print(f"[bold]left alone[/]  {escape(what)}: {escape(reason)}")
        case Denied(message):
            console.print(f"[bold red]refused[/]  {escape(what)}: {escape(message)}")
        case Unanswered(reason):
            console.print(f"[bold red]no answer[/]  {escape(what)}: {escape(reason)}")
        case Mutated() as mutated:
            console.print(f"[bold green]injected[/]  {escape(what)}")
            _footprint(footprint(mutated))
    if update:
        console.print("  An injector's webhook is only sent CREATE: annotating a live pod does nothing.")
    for text in answer.server_refusals:
        console.print(f"[bold red]then refused by the API server[/]  {escape(text)}")
    if linted:
        _lint(answer.findings)


def _footprint(found: Footprint) -> None:
    console = result()
    for label, names in (("init containers", found.init_containers), ("containers", found.containers)):
        if names:
            console.print(f"  {label} added: {escape(', '.join(names))}")
    for file in found.files:
        owner = "by the image" if file.uid is None else f"{file.uid}:{file.gid}"
        console.print(f"  file  {escape(file.path)}  {escape(file.mode)}  {owner}")
    for mount in found.mounts:
        console.print(f"  mount {escape(mount.container)}  {escape(mount.path)}  ({escape(mount.volume)})")
    for label, asked in (("running", found.running), ("starting", found.starting)):
        console.print(
            f"  requests while {label}: cpu {float(asked.cpu) * 1000:g}m, memory {float(asked.memory) / 2**20:g}Mi"
        )


def _lint(findings: tuple[Finding, ...]) -> None:
    console = result()
    if not findings:
        console.print("No traps found.")
    for finding in findings:
        style = _STYLE[finding.severity]
        console.print(f"[{style}]{finding.severity.value}[/]  {finding.code}  {escape(finding.text)}")
        console.print(f"    fix: {escape(finding.fix)}")
