"""Gates of a plan: the phase's rules with names filled in, each before the step or stage it guards."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

from migrate.model.config import Config
from migrate.model.plan import STAGES, Gate, Step
from migrate.operations.subject import Subject
from migrate.operations.vault_policy import credential_path
from migrate.planning.phases import Credential, GateRule, Phase


def gates_of(
    phase: Phase, credential: Credential, steps: tuple[Step, ...], subject: Subject, config: Config
) -> tuple[Gate, ...]:
    """The gates that have something to stand before, in the order of the steps."""
    names, answer = _names(subject, credential), list[Gate]()
    for rule in phase.gates_for(credential):
        before = _before(rule, steps)
        if before is not None:
            answer.append(_gate(rule, before, names, config))
    places = {identity: number for number, identity in enumerate(_order(steps))}
    return tuple(sorted(answer, key=lambda gate: places[gate.before]))


def _gate(rule: GateRule, before: str, names: Mapping[str, str], config: Config) -> Gate:
    wanted = {"cutover": config.soak.cutover, "contract": config.soak.contract}.get(rule.soaks or "")
    return Gate(
        Template(rule.id).substitute(names),
        rule.way,
        before,
        Template(rule.check).substitute(names),
        rule.timeout,
        wanted or rule.soak,
    )


def _before(rule: GateRule, steps: tuple[Step, ...]) -> str | None:
    if rule.before in STAGES:
        return rule.before if any(step.stage == rule.before for step in steps) else None
    return next((step.id for step in steps if step.operation == rule.before), None)


def _order(steps: tuple[Step, ...]) -> list[str]:
    """Stages and step ids in the order in which gates before them are met."""
    order = list[str]()
    for stage in STAGES:
        order += [stage, *(step.id for step in steps if step.stage == stage)]
    return order


def _names(subject: Subject, credential: Credential) -> dict[str, str]:
    release, login = subject.release, subject.login
    version = login.server_version
    return {
        "account": release.account.wanted,
        "address": subject.vault.database_address or "the database (address unknown)",
        "audience": subject.vault.audience or "(unknown)",
        "database": login.database,
        "deployment": subject.unit,
        "jwt_role": subject.jwt_role.short,
        "namespace": release.pods_in,
        "new_login": subject.new_login,
        "owner": login.owner,
        "path": credential_path(subject, {"dynamic": credential == "dynamic"}),
        "policy": subject.policy.short,
        "secret": f"{subject.copied.namespace}/{subject.copied.target_secret}",
        "server": f"PostgreSQL {version}" if version else "any version",
        "sslmode": subject.vault.sslmode,
        "vault_login": subject.vault_login,
    }
