"""Gates of a plan: the phase's rules with names filled in, each before the step or stage it guards.

Two rules are no phase's to forget: whatever follows a Git step waits until that is merged and applied, and on the way
back whatever a commit rested on waits until the commit is reverted, merged and applied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from string import Template

from migrate.checks.answer import Check
from migrate.checks.catalogue import check_of
from migrate.model.config import Config
from migrate.model.duration import seconds, spoken
from migrate.model.errors import Failed
from migrate.model.plan import END, STAGES, Gate, Step, Way
from migrate.planning.cases import Case
from migrate.planning.compose import Composition
from migrate.planning.phases import Credential, GateRule, Phase

NO_LIMIT = "0s"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What gates are made from."""

    phase: Phase
    credential: Credential
    composition: Composition
    cases: tuple[Case, ...]
    config: Config

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.composition.steps

    def case(self, step: Step) -> Case:
        """Whose step it is."""
        return next(case for case in self.cases if case.subject.unit == step.unit)


def gates_of(
    phase: Phase, credential: Credential, composition: Composition, cases: tuple[Case, ...], config: Config
) -> tuple[Gate, ...]:
    """The gates that have something to stand before, in the order of the steps.

    Raises Failed where the phase names a gate that no check answers.
    """
    made = _Plan(phase, credential, composition, cases, config)
    # What was committed must have arrived before anything else is asked of it.
    found = [*_deliveries(made), *_returns(made)]
    for case in cases:
        found += _of_phase(made, case)
    places = {identity: number for number, identity in enumerate(_order(composition.steps))}
    return tuple(sorted(_distinct(found), key=lambda gate: places[gate.before]))


def _distinct(gates: list[tuple[Gate, str]]) -> Iterator[Gate]:
    """Each gate by an id of its own. What several workloads would ask in the same words is asked once."""
    asked = dict.fromkeys(gate for gate, _ in gates)
    uses = Counter((gate.way, gate.id) for gate in asked)
    seen = set[Gate]()
    for gate, unit in gates:
        if gate not in seen:
            seen.add(gate)
            yield gate if uses[gate.way, gate.id] == 1 else replace(gate, id=f"{gate.id}@{unit}")


def _of_phase(made: _Plan, case: Case) -> Iterator[tuple[Gate, str]]:
    names = case.names(made.composition)
    texts, unit = case.spoken(names), case.subject.unit
    steps = tuple(step for step in made.steps if step.unit == unit)
    for rule in made.phase.gates_for(made.credential):
        before = _before(rule, steps)
        if before is None:
            continue
        identity = Template(rule.id).substitute(texts)
        about = _about(_check(identity), names)
        check = Template(rule.check).substitute(texts)
        yield Gate(identity, rule.way, before, check, rule.timeout, _soak(rule, made.config), about), unit


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


def _deliveries(made: _Plan) -> Iterator[tuple[Gate, str]]:
    """After every Git step, before whatever comes next: merged, and applied."""
    for number, step in enumerate(made.steps):
        if not _is_commit(step):
            continue
        following = made.steps[number + 1] if number + 1 < len(made.steps) else None
        before = END if following is None else following.id if following.stage == step.stage else following.stage
        check = f"what {step.id} commits is merged (judged by content) and Flux has applied it"
        yield _delivery(f"gitops.applied.{step.operation}", "forward", before, check, step, made), step.unit


def _returns(made: _Plan) -> Iterator[tuple[Gate, str]]:
    """On the way back, before the undo of what stands before a stage's run of Git steps: one gate for each workload."""
    asked = set[str]()
    before = END
    for step, following in pairwise((None, *made.steps)):
        if following is None or not _is_commit(following):
            continue
        if not (step and _is_commit(step) and step.stage == following.stage):
            before, asked = step.id if step else END, set()
        if following.unit not in asked:
            asked.add(following.unit)
            check = f"what takes {following.id} back is merged (judged by content) and Flux has applied it"
            identity = f"gitops.reverted.{following.operation}"
            yield _delivery(identity, "back", before, check, following, made), following.unit


def _is_commit(step: Step) -> bool:
    return step.change.target.store == "git"


def _delivery(identity: str, way: Way, before: str, check: str, step: Step, made: _Plan) -> Gate:
    owner = made.case(step).applied_by(step.change.target)
    about = _about(_check(identity), {"step": step.id, "kustomization": owner})
    return Gate(identity, way, before, check, NO_LIMIT, "0s", about)


def _order(steps: tuple[Step, ...]) -> list[str]:
    """Stages and step ids in the order in which gates before them are met."""
    order = list[str]()
    for stage in STAGES:
        order += [stage, *(step.id for step in steps if step.stage == stage)]
    return [*order, END]
