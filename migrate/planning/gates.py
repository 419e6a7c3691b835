"""Gates of a plan: the phase's rules with names filled in, each before the step or stage it guards.

Two rules are no phase's to forget: whatever follows a Git step waits until that is merged and applied, and on the way
back whatever a commit rested on waits until the commit is reverted, merged and applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from string import Template

from migrate.checks.answer import Check
from migrate.checks.catalogue import check_of
from migrate.model.config import Config
from migrate.model.duration import seconds, spoken
from migrate.model.errors import Failed
from migrate.model.plan import END, STAGES, Gate, Step
from migrate.operations.subject import Subject
from migrate.operations.vault_policy import credential_path
from migrate.planning.compose import Composition
from migrate.planning.phases import Credential, GateRule, Phase
from migrate.planning.pod import pod_changes, touched

NO_LIMIT = "0s"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What gates are made from."""

    phase: Phase
    credential: Credential
    composition: Composition
    subject: Subject
    config: Config

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.composition.steps


def gates_of(
    phase: Phase, credential: Credential, composition: Composition, subject: Subject, config: Config
) -> tuple[Gate, ...]:
    """The gates that have something to stand before, in the order of the steps.

    Raises Failed where the phase names a gate that no check answers.
    """
    made = _Plan(phase, credential, composition, subject, config)
    # What was committed must have arrived before anything else is asked of it.
    found = [*_deliveries(made), *_returns(made), *_of_phase(made)]
    places = {identity: number for number, identity in enumerate(_order(composition.steps))}
    return tuple(sorted(found, key=lambda gate: places[gate.before]))


def _of_phase(made: _Plan) -> Iterator[Gate]:
    names = names_of(made)
    texts = _spoken(names)
    for rule in made.phase.gates_for(made.credential):
        before = _before(rule, made.steps)
        if before is None:
            continue
        identity = Template(rule.id).substitute(texts)
        about = _about(_check(identity), names)
        check = Template(rule.check).substitute(texts)
        yield Gate(identity, rule.way, before, check, rule.timeout, _soak(rule, made.config), about)


def _check(identity: str) -> Check:
    check = check_of(identity)
    if check is None:
        raise Failed(f"gate {identity} has no check", following="name a gate of migrate/checks in the phase")
    return check


def _about(check: Check, names: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, names[name]) for name in check.needs))


def _soak(rule: GateRule, config: Config) -> str:
    settings = {"cutover": config.soak.cutover, "contract": config.soak.contract}
    wanted, most = settings.get(rule.soaks or ""), settings.get(rule.at_most or "")
    if most is not None and seconds(most) < seconds(rule.soak):
        return spoken(seconds(most))
    return wanted or rule.soak


def _before(rule: GateRule, steps: tuple[Step, ...]) -> str | None:
    if rule.before in STAGES:
        return rule.before if any(step.stage == rule.before for step in steps) else None
    return next((step.id for step in steps if step.operation == rule.before), None)


def _deliveries(made: _Plan) -> Iterator[Gate]:
    """After every Git step, before whatever comes next: merged, and applied."""
    for number, step in enumerate(made.steps):
        if not _is_commit(step):
            continue
        following = made.steps[number + 1] if number + 1 < len(made.steps) else None
        before = END if following is None else following.id if following.stage == step.stage else following.stage
        check = f"what {step.id} commits is merged (judged by content) and Flux has applied it"
        yield _delivery(f"gitops.applied.{step.operation}", "forward", before, check, step, made)


def _returns(made: _Plan) -> Iterator[Gate]:
    """On the way back, before the undo of what stands before a stage's run of Git steps."""
    for step, following in pairwise((None, *made.steps)):
        if following and _is_commit(following) and not (step and _is_commit(step) and step.stage == following.stage):
            check = f"what takes {following.id} back is merged (judged by content) and Flux has applied it"
            identity = f"gitops.reverted.{following.operation}"
            yield _delivery(identity, "back", step.id if step else END, check, following, made)


def _is_commit(step: Step) -> bool:
    return step.change.target.store == "git"


def _delivery(identity: str, way: str, before: str, check: str, step: Step, made: _Plan) -> Gate:
    release, copied = made.subject.release, made.subject.copied
    owner = copied.applied_by if step.change.target == copied.git else release.applied_by
    about = _about(_check(identity), {"step": step.id, "kustomization": owner})
    return Gate(identity, "back" if way == "back" else "forward", before, check, NO_LIMIT, "0s", about)


def _order(steps: tuple[Step, ...]) -> list[str]:
    """Stages and step ids in the order in which gates before them are met."""
    order = list[str]()
    for stage in STAGES:
        order += [stage, *(step.id for step in steps if step.stage == stage)]
    return [*order, END]


def names_of(made: _Plan) -> dict[str, str]:
    """Every name that a check may ask for; empty where it is unknown."""
    subject, release, login, copied = made.subject, made.subject.release, made.subject.login, made.subject.copied
    dynamic = made.credential == "dynamic"
    return {
        "account": release.account.wanted,
        "account_comes": "with the cutover" if release.account.changes else "",
        "address": subject.vault.database_address or "",
        "audience": subject.vault.audience or "",
        "auth_mount": subject.vault.auth_mount,
        "database": login.database,
        "database_mount": subject.vault.database_mount,
        "deployment": subject.unit,
        "dynamic_role": subject.dynamic_role.short,
        "external_secret": f"{copied.namespace}/{copied.name}",
        "jwt_role": subject.jwt_role.short,
        "namespace": release.pods_in,
        "new_login": subject.new_login,
        "owner": login.owner,
        "path": credential_path(subject, {"dynamic": dynamic}),
        "period": str(_period(made)),
        "pod": pod_changes(subject, made.composition),
        "policy": subject.policy.short,
        "release": f"{release.namespace}/{release.name}",
        "secret": f"{copied.namespace}/{copied.target_secret}",
        "secret_key": copied.key,
        "server_version": str(login.server_version or ""),
        "sslmode": subject.vault.sslmode,
        "static_role": subject.static_role.short,
        "touches": touched(subject, made.composition),
        "vault_login": subject.vault_login,
    }


def _period(made: _Plan) -> int:
    """The rotation period that the plan begins with, in seconds."""
    uses = (use for use in made.phase.uses(made.credential) if use.operation == "static-role")
    return next((seconds(str(use.arguments["period"])) for use in uses), 0)


def _spoken(names: dict[str, str]) -> dict[str, str]:
    """The same names for people, who should see what is unknown."""
    version = names["server_version"]
    return names | {
        "address": names["address"] or "the database (address unknown)",
        "audience": names["audience"] or "(unknown)",
        "server": f"PostgreSQL {version}" if version else "any version",
    }
