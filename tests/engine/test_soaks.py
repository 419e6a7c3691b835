"""Soaks that stand at one place go on side by side, each with a clock of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass
from migrate.engine.asking import Asker
from migrate.engine.ending import Completed, Ending, Failure, Waiting
from migrate.engine.fold import Passed, Run, fold
from migrate.engine.inputs import Inputs
from migrate.engine.recorder import Recorder
from migrate.engine.run import Engine
from migrate.engine.standing import standing
from migrate.engine.writing import Writer
from migrate.model.json import Json
from migrate.model.log import Event
from migrate.model.plan import Gate, Plan
from migrate.stores.journal import Journal
from tests.engine.memory import Memory
from tests.engine.plans import a_plan, a_step

T = TypeVar("T")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(hours=24)
CUT, RETIRE = a_step("cutover.app", "vault:policy/cut", "cutover"), a_step("contract.app", "vault:policy/x", "contract")
SECRETS = ("soak@one", "soak@two", "soak@three")


def a_soak(name: str, before: str = "contract.app", unit: str = "") -> Gate:
    return Gate(name, "forward", before, name, "10m", "24h", unit=unit)


PLAN = a_plan(CUT, RETIRE, gates=tuple(map(a_soak, SECRETS)))


class KilledError(Exception):
    """The process ends here."""


@dataclass
class Watch:
    """A run that people come back to: a clock, what each check says, and a journal."""

    folder: Path
    plan: Plan = PLAN
    now: datetime = BEGAN
    says: dict[str, Answer] = field(default_factory=dict)
    locking: frozenset[str] = frozenset()
    store: Memory = field(default_factory=Memory)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.note("run.opened", run="r", plan="p", digest="d", phase="x", mode="live", who="t")
        self.note("run.approved", stages=["expand", "cutover", "soak", "contract"])

    @property
    def run(self) -> Run:
        return fold(self.events)

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(self._with(lambda journal: journal.events))

    def note(self, kind: str, **data: Json) -> None:
        self._with(lambda journal: journal.append(kind, data))

    def goes_on(self, later: timedelta = timedelta(), dies_after: int = 10**6) -> Ending:
        """What `migrate resume` does so much later. Raises KilledError once it wrote `dies_after` records."""
        self.now += later
        self.asked.clear()
        left = [dies_after]

        def drive(journal: Journal) -> Ending:
            def append(kind: str, data: dict[str, Json]) -> Event:
                if not left[0]:
                    raise KilledError
                left[0] -= 1
                return journal.append(kind, data)

            recorder = Recorder(fold(journal.events), append, lambda _event: None)
            writer = Writer((self.plan, "p", "d"), {"vault": self.store}, Inputs(lambda: "x"), recorder, lambda: None)
            asker = Asker(self._check, self.store, recorder, lambda: self.now)
            return Engine(
                self.plan, recorder, writer, asker, stopping=lambda: False, heed=lambda: None, consent=bool
            ).drive()

        return self._with(drive)

    def _check(self, gate: str) -> Check:
        def ask(_observer: object, _question: object) -> Answer:
            self.asked.append(gate)
            return self.says.get(gate, Pass("equal"))

        return Check(gate, (), "", ask, locks=gate in self.locking)

    def _with(self, use: Callable[[Journal], T]) -> T:
        journal = Journal(self.folder / "journal.jsonl", lambda: self.now)
        try:
            return use(journal)
        finally:
            journal.close()


def test_three_secrets_of_a_workload_take_one_soak_and_not_three(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    until = _moment(DAY)
    said = f"soak@one: so it is, and must stay until {until}"
    assert watch.goes_on() == Waiting("soak@one", said, f"migrate resume, from {until} on", until)
    assert watch.asked == [*SECRETS]
    assert isinstance(watch.goes_on(DAY - timedelta(seconds=1)), Waiting)
    assert watch.goes_on(timedelta(seconds=1)) == Completed()


def test_no_soak_is_shorter_than_it_says_wherever_the_process_died(tmp_path: Path) -> None:
    for records in range(1, 20):
        watch = Watch(_folder(tmp_path / str(records)))
        try:
            watch.goes_on(dies_after=records)
        except KilledError:
            watch.goes_on(timedelta(hours=1))
        watch.goes_on(DAY)
        assert watch.goes_on(timedelta(hours=1)) == Completed(), records
        begun = {str(one.data["gate"]): one.time for one in watch.events if one.type == "gate.soaking"}
        passed = {str(one.data["gate"]): one.time for one in watch.events if one.type == "gate.passed"}
        assert begun.keys() == passed.keys() == {*SECRETS}
        assert all(datetime.fromisoformat(passed[one]) - datetime.fromisoformat(begun[one]) >= DAY for one in SECRETS)


def test_a_secret_that_fails_is_told_at_once_and_only_its_own_clock_begins_anew(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    watch.goes_on()
    watch.says["soak@two"] = Fail("it differs", "let ESO copy it")
    assert watch.goes_on(DAY / 2) == Failure("soak@two", "it differs", "let ESO copy it", wrote=True)
    told = standing(watch.run, watch.plan)
    assert told.state == "stopped"
    assert told.held is not None
    assert told.held.by == "soak@two"
    del watch.says["soak@two"]
    assert isinstance(watch.goes_on(), Waiting)
    ending = watch.goes_on(DAY / 2)
    assert isinstance(ending, Waiting)
    assert (ending.by, ending.until) == ("soak@two", _moment(DAY / 2 + DAY))
    assert isinstance(watch.run.gates["forward", "soak@one"], Passed)
    assert watch.goes_on(DAY / 2) == Completed()


def test_what_somebody_waives_is_this_secret_and_no_other(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    watch.says["soak@two"] = Inconclusive("Vault shows nothing", "a right")
    assert watch.goes_on() == Waiting("soak@two", "Vault shows nothing", "a right")
    assert standing(watch.run, watch.plan).state == "held"
    watch.note("gate.waived", gate="soak@two", way="forward", who="ann", reason="looked by hand")
    assert isinstance(watch.goes_on(timedelta(hours=1)), Waiting)
    assert watch.asked == ["soak@one", "soak@three"]
    assert watch.goes_on(DAY - timedelta(hours=1)) == Completed()


def test_a_soak_that_is_over_early_lets_nobody_through_before_its_turn(tmp_path: Path) -> None:
    short = replace(a_soak("short"), soak="1h")
    watch = Watch(tmp_path, plan=a_plan(CUT, RETIRE, gates=(a_soak("long"), short)))
    watch.goes_on()
    watch.goes_on(DAY / 2)
    assert ("forward", "short") in watch.run.gates
    assert not isinstance(watch.run.gates["forward", "short"], Passed)
    watch.says["short"] = Fail("somebody reads it", "see who")
    assert isinstance(watch.goes_on(DAY / 2), Failure)


def test_what_is_asked_after_a_soak_waits_for_it(tmp_path: Path) -> None:
    after = Gate("after", "forward", "contract.app", "after", "10m", "0s")
    watch = Watch(tmp_path, plan=a_plan(CUT, RETIRE, gates=(a_soak("first"), after, a_soak("last"))))
    watch.goes_on()
    assert watch.asked == ["first"]


def test_what_keeps_others_from_writing_is_asked_when_it_is_its_turn(tmp_path: Path) -> None:
    watch = Watch(tmp_path, locking=frozenset({"soak@two"}))
    watch.goes_on()
    assert watch.asked == ["soak@one", "soak@three"]


def test_the_soaks_of_a_workload_whose_turn_comes_later_begin_when_it_is_cut_over(tmp_path: Path) -> None:
    other = replace(RETIRE, id="contract.other", unit="apps/other", change=a_step("y", "vault:policy/y", "soak").change)
    gates = (a_soak("soak@app", unit="apps/app"), a_soak("soak@other", "contract.other", "apps/other"))
    watch = Watch(tmp_path, plan=a_plan(CUT, RETIRE, other, gates=gates))
    assert isinstance(watch.goes_on(), Waiting)
    assert watch.asked == ["soak@app", "soak@other"]
    watch.says["soak@other"] = Fail("it differs", "look")
    assert isinstance(watch.goes_on(DAY / 2), Failure)
    assert isinstance(watch.goes_on(DAY / 2), Failure), "the one that is over does not wait for the other"
    assert RETIRE.id in watch.run.steps
    assert other.id not in watch.run.steps


@pytest.mark.parametrize("stage", ["soak", "contract"])
def test_a_soak_of_a_later_stage_waits_for_the_stage(tmp_path: Path, stage: str) -> None:
    gates = (a_soak("early", "cutover.app"), a_soak("late", stage))
    watch = Watch(tmp_path, plan=a_plan(CUT, replace(RETIRE, unit="apps/other"), gates=gates))
    watch.goes_on()
    assert watch.asked == ["early"]


def _moment(later: timedelta) -> str:
    return (BEGAN + later).isoformat(timespec="seconds")


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
