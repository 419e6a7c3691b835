"""Phases for people and programs."""

from __future__ import annotations

from migrate.model.plan import STAGES
from migrate.planning.phases import (
    CertificateSelect,
    ColumnSelect,
    LoginSelect,
    Phase,
    ReleaseSelect,
    RotationSelect,
    SecretsSelect,
    Select,
    Use,
)
from migrate.views.console import emit_json, emit_text

SCHEMA = "migrate.phases/v1"


def listing(phases: list[Phase], *, as_json: bool) -> None:
    """One line a phase."""
    if as_json:
        emit_json({"schema": SCHEMA, "phases": [_brief(phase) for phase in phases]})
        return
    width = max((len(phase.name) for phase in phases), default=0)
    emit_text("\n".join(f"{phase.name:<{width}}  {phase.title}" for phase in phases))


def show(phase: Phase, *, as_json: bool) -> None:
    """What a phase selects, does and checks."""
    if as_json:
        emit_json({"schema": SCHEMA, "phases": [_brief(phase) | _whole(phase)]})
        return
    lines = [f"{phase.name}: {phase.title}", "", phase.summary, "", "selects"]
    lines += _selects(phase.select)
    for stage in STAGES:
        lines += ["", stage, *_stage(phase, stage)]
    emit_text("\n".join(lines))


def _selects(select: Select) -> list[str]:
    match select:
        case LoginSelect():
            return _release(select)
        case CertificateSelect():
            return [
                *_release(select),
                f"  issuer: the PKI engine at {select.mount}; certificates live {select.life}, are renewed after "
                f"{select.renew_at} % of that, and outlast an outage of {select.outage}",
            ]
        case ColumnSelect():
            return ["  the column that migrate.yaml names under transit.columns, and the application whose it is"]
        case RotationSelect():
            return ["  the columns of one application that phase4 has sealed, and the key they have in common"]
        case SecretsSelect():
            return [
                f"  workloads that read Secrets with verdict {' or '.join(select.verdicts)}: the next in wave order,",
                "  unless --only, --exclude or --wave say otherwise; a database login is left to the phase for it",
            ]


def _release(select: ReleaseSelect) -> list[str]:
    charts = ", ".join(rule.chart for rule in select.releases)
    return [
        f"  the release of chart {charts} whose container {select.container}",
        f"  gets {select.variable} from a Secret that an ExternalSecret makes",
    ]


def _stage(phase: Phase, stage: str) -> list[str]:
    lines = [f"  gate {gate.id}: {gate.check}" for gate in phase.gates if gate.before == stage]
    for use in phase.operations:
        if use.stage == stage:
            lines.append(f"  {use.operation}{_only(use)}{_arguments(use)}")
            gates = [gate for gate in phase.gates if gate.before == use.operation]
            lines += [f"    {_way(gate.way)} {gate.id}: {gate.check}" for gate in gates if _fits(use, gate.credential)]
    return lines


def _fits(use: Use, credential: str | None) -> bool:
    return credential is None or use.credential in {None, credential}


def _way(way: str) -> str:
    return "gate" if way == "forward" else "gate on the way back"


def _only(use: Use) -> str:
    return f" ({use.credential} credential)" if use.credential else ""


def _arguments(use: Use) -> str:
    return "  " + ", ".join(f"{key} {value}" for key, value in use.arguments.items()) if use.arguments else ""


def _brief(phase: Phase) -> dict[str, object]:
    return {"name": phase.name, "title": phase.title, "summary": phase.summary}


def _whole(phase: Phase) -> dict[str, object]:
    document = phase.model_dump(by_alias=True, mode="json")
    return {key: document[key] for key in ("select", "operations", "gates")}
