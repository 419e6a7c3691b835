"""Gates of a plan: the phase's rules with names filled in, each before the step or stage it guards.

Two rules are no phase's to forget: whatever follows a Git step waits until that is merged and applied, and on the way
back whatever a commit rested on waits until the commit is reverted, merged and applied.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
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
_SPEAKS_OF_ONE = re.compile(r"\$\{(?:external_)?secret\}")


@dataclass(frozen=True)
class _Plan:
    """What gates are made from."""

    phase: Phase
    credential: Credential
    composition: Composition
    cases: tuple[Case, ...]
    config: Config

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every step, in order."""
        return self.composition.steps

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """Where each step stands, by its id."""
        return {step.id: number for number, step in enumerate(self.steps)}

    @cached_property
    def owners(self) -> Mapping[str, Case]:
        """The case of each unit."""
        return {case.subject.unit: case for case in self.cases}


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


@dataclass(frozen=True, slots=True)
class Whose:
    """Whom a gate is about: the workload, and the one Secret of several."""

    unit: str
    secret: str = ""


def _distinct(gates: list[tuple[Gate, Whose]]) -> Iterator[Gate]:
    """Each gate by an id of its own. What would be asked twice in the same words is asked once."""
    asked = dict[Gate, Whose]()
    for gate, whose in gates:
        asked.setdefault(gate, whose)
    uses = Counter((gate.way, gate.id) for gate in asked)
    units = Counter((gate.way, gate.id, whose.unit) for gate, whose in asked.items())
    askers = defaultdict[Gate, set[str]](set)
    for gate, whose in gates:
        askers[gate].add(whose.unit)
    several = len({whose.unit for _, whose in gates}) > 1
    for gate, whose in asked.items():
        one = replace(gate, unit=whose.unit) if several and len(askers[gate]) == 1 else gate
        if uses[gate.way, gate.id] == 1:
            yield one
        else:
            alone = units[gate.way, gate.id, whose.unit] == 1
            yield replace(one, id=f"{gate.id}@{whose.unit if alone else whose.secret}")


def _of_phase(made: _Plan, case: Case) -> Iterator[tuple[Gate, Whose]]:
    unit, found_names = case.subject.unit, case.names(made.composition)
    steps = made.composition.of_unit.get(unit, ())
    for rule in made.phase.gates_for(made.credential):
        before = _after(rule.after, steps, made) if rule.after else _place(rule.before, steps)
        # What speaks of a Secret is asked of each; everything else once.
        found = found_names if _SPEAKS_OF_ONE.search(rule.check) else found_names[:1]
        for names in found if before is not None else ():
            if rule.when and not names[rule.when]:
                continue
            gate = _gate(rule, str(before), names, case.spoken(names), made.config)
            until = (_place(rule.until, steps) or END) if rule.until else ""
            yield replace(gate, until=until), Whose(unit, names.get("secret", ""))


def _gate(rule: GateRule, before: str, names: dict[str, str], texts: dict[str, str], config: Config) -> Gate:
    identity = Template(rule.id).substitute(texts)
    about = _about(_check(identity), names)
    check = Template(rule.check).substitute(texts)
    return Gate(identity, rule.way, before, check, rule.timeout, _soak(rule, config), about)


def _after(operation: str, mine: tuple[Step, ...], made: _Plan) -> str | None:
    """What comes next after the workload's step of this operation; None where it has none."""
    found = next((step for step in reversed(mine) if step.operation == operation), None)
    return None if found is None else _next(made.numbers[found.id], made.steps)


def _next(number: int, steps: tuple[Step, ...]) -> str:
    """What a gate stands before that is asked right after a step."""
    if number + 1 == len(steps):
        return END
    step, following = steps[number : number + 2]
    return following.id if following.stage == step.stage else following.stage


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


def _place(named: str, steps: tuple[Step, ...]) -> str | None:
    """Where a workload meets a stage or an operation; None where it has no such step."""
    if named in STAGES:
        # What must be so before a stage must be so before a later one, where the workload has no step in that stage.
        wanted = STAGES[STAGES.index(named) :]
        return next((stage for stage in wanted if any(step.stage == stage for step in steps)), None)
    return next((step.id for step in steps if step.operation == named), None)


def _deliveries(made: _Plan) -> Iterator[tuple[Gate, Whose]]:
    """After every Git step, before whatever comes next: merged, and applied."""
    for number, step in enumerate(made.steps):
        if not _is_commit(step):
            continue
        check = f"what {step.id} commits is merged (judged by content) and Flux has applied it"
        yield (
            _delivery(f"gitops.applied.{step.operation}", "forward", _next(number, made.steps), check, step, made),
            Whose(step.unit),
        )


def _returns(made: _Plan) -> Iterator[tuple[Gate, Whose]]:
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
            yield _delivery(identity, "back", before, check, following, made), Whose(following.unit)


def _is_commit(step: Step) -> bool:
    return step.change.target.store == "git"


def _delivery(identity: str, way: Way, before: str, check: str, step: Step, made: _Plan) -> Gate:
    owner = made.owners[step.unit].applied_by(step.change.target)
    about = _about(_check(identity), {"step": step.id, "kustomization": owner})
    return Gate(identity, way, before, check, NO_LIMIT, "0s", about)


def _order(steps: tuple[Step, ...]) -> list[str]:
    """Stages and step ids in the order in which gates before them are met."""
    order = list[str]()
    for stage in STAGES:
        order += [stage, *(step.id for step in steps if step.stage == stage)]
    return [*order, END]
