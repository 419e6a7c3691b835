"""How a session goes on: every test is something that happens on a call at night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from migrate.checks.answer import Answer, Inconclusive, Pass
from migrate.cli.commands import parse
from migrate.model.json import Json
from migrate.model.log import GENESIS, Event, sealed
from migrate.sessions.commands import Parsed, Unparsed
from migrate.sessions.course import Due, upcoming
from migrate.sessions.driving import Failed, Finished, Guide, Held, Outcome, Stepped
from migrate.sessions.hands import Kept, PlanName, Ran
from migrate.sessions.reading import read_runbook
from migrate.sessions.runbook import Command
from migrate.sessions.session import Person, Session, fold, person_json
from tests.sessions.books import BACK, book, fence

ADA, BOB = Person(1000, "ada", "desk", "pts/1"), Person(1001, "bob", "desk", "pts/2")
DIGEST = "ab" * 32


@dataclass
class Night:
    """A session with its log in memory, and hands that answer what the test says."""

    text: str
    exits: list[int] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    person: Person = ADA
    plan_digest: str = DIGEST
    past: bool = False
    world: str | None = "/world"
    now: datetime = datetime(2026, 11, 24, 23, tzinfo=UTC)
    events: list[Event] = field(default_factory=list)
    ran: list[tuple[list[str], bool]] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        who = person_json(self.person)
        opened: dict[str, Json] = {"session": "s", "runbook": "r", "source": "", "digest": "", "folder": ""}
        self.note("session.opened", opened | {"estate": "/estate", "world": self.world, "inputs": {}} | who)

    def note(self, type: str, data: dict[str, Json]) -> None:  # noqa: A002
        last = self.events[-1].hash if self.events else GENESIS
        self.events.append(sealed(len(self.events), self.now.isoformat(), type, data, last))

    def go(self, *, one: bool = False) -> Outcome:
        """As in a new terminal: everything that is known is in the log."""
        session = fold(self.events)

        def note(type: str, data: dict[str, Json]) -> None:  # noqa: A002
            self.note(type, data)
            session.take(self.events[-1])

        return Guide(read_runbook(self.text), session, self, note, lambda: self.now).go(one=one)

    @property
    def session(self) -> Session:
        return fold(self.events)

    def parse(self, words: Sequence[str]) -> Parsed | Unparsed:
        return parse(words)

    def run(self, label: str, part: Command, words: list[str], *, again: bool) -> Ran:
        self.ran.append((words, again))
        return Ran(self.exits.pop(0) if self.exits else 0, label, "", 0.0, {}, self.past, "", "")

    def look(self, check: str, about: Mapping[str, str]) -> Answer:
        return self.answers.pop(0)

    def plan(self, path: str) -> PlanName:
        return PlanName("phase1-abab", self.plan_digest)

    def agreed_to(self, path: str) -> None:
        self.shown.append(path)

    def ask(self, question: str) -> str | None:
        return self.typed.pop(0) if self.typed else None

    def keep(self, label: str, given: str, *, is_file: bool) -> Kept:
        return Kept(label, sha256(given.encode()).hexdigest())

    def heading(self, title: str, text: Sequence[str]) -> None:
        pass

    def approve(self, person: Person, digest: str, step: str = "agree") -> None:
        data: dict[str, Json] = {"step": step, "part": 0, "digest": digest, "how": "digest"}
        self.note("word.given", data | person_json(person))


LOOK = "look\n" + fence("migrate", "migrate phases")
APPLY = "apply\n" + fence("migrate", "migrate apply p.json --approve ${digest}")
AGREE = "agree\n" + fence("confirm", "plan: p.json")
BOTH = "agree\n" + fence("confirm", "plan: p.json", "second: true")


def test_it_goes_to_the_end_and_says_so_once() -> None:
    night = Night(book(LOOK, BACK))
    assert night.go() == Finished("done")
    before = list(night.events)
    assert night.go() == Finished("done")
    assert night.events == before


def test_next_stops_after_one_step() -> None:
    night = Night(book(LOOK, "more\n" + fence("migrate", "migrate status"), BACK))
    assert night.go(one=True) == Stepped("look")
    assert [words[0] for words, _ in night.ran] == ["phases"]


def test_commands_get_the_sessions_estate_and_world_where_they_take_them() -> None:
    night = Night(book(LOOK, "more\n" + fence("migrate", "migrate status"), BACK))
    night.go()
    assert [words for words, _ in night.ran] == [["phases"], ["status", "--estate", "/estate", "--world", "/world"]]


def test_on_servers_a_plan_is_made_for_the_servers() -> None:
    night = Night(
        book("plan\n" + fence("migrate", "migrate plan phase1 -o p.json", "migrate phases"), BACK), world=None
    )
    night.go()
    assert [words for words, _ in night.ran] == [
        ["plan", "phase1", "-o", "p.json", "--estate", "/estate", "--live"],
        ["phases"],
    ]


def test_an_apply_whose_terminal_died_is_gone_on_with_and_not_begun_twice() -> None:
    night = Night(book(AGREE, APPLY, BACK), typed=["phase1-abab"])
    night.go()
    cut = next(number for number, event in enumerate(night.events) if event.type == "command.began")
    night.events = night.events[: cut + 1]
    night.ran.clear()
    night.go()
    ((_, again),) = night.ran
    assert again


def test_what_is_agreed_to_is_shown_in_short_before_the_word_is_asked_for() -> None:
    night = Night(book(AGREE, APPLY, BACK))
    assert isinstance(night.go(), Held)
    assert (night.shown, night.ran) == (["p.json"], [])


def test_what_only_reads_is_simply_read_again() -> None:
    night = Night(book(LOOK, BACK), exits=[1, 0])
    assert isinstance(night.go(), Failed)
    assert night.go() == Finished("done")
    assert [again for _, again in night.ran] == [False, False]


def test_the_digest_agreed_to_is_the_one_that_apply_gets() -> None:
    night = Night(book(AGREE, APPLY, BACK), typed=["phase1-abab"])
    night.go()
    ((words, _),) = night.ran
    assert words[:4] == ["apply", "p.json", "--approve", DIGEST]


@pytest.mark.parametrize("typed", ["", "yes", "phase1-abac", "PHASE1-ABAB"])
def test_other_words_are_no_yes(typed: str) -> None:
    night = Night(book(AGREE, APPLY, BACK), typed=[typed])
    assert isinstance(night.go(), Held)
    assert night.ran == []


def test_one_person_is_not_two() -> None:
    night = Night(book(BOTH, APPLY, BACK), typed=["phase1-abab"])
    assert isinstance(night.go(), Held)
    night.approve(ADA, DIGEST)
    assert isinstance(night.go(), Held)
    night.approve(BOB, DIGEST)
    assert night.go() == Finished("done")


def test_a_word_for_another_plan_is_no_word_for_this_one() -> None:
    night = Night(book(BOTH, APPLY, BACK), typed=["phase1-abab"])
    night.go()
    night.approve(BOB, "cd" * 32)
    assert isinstance(night.go(), Held)


def test_a_plan_made_anew_after_the_word_needs_a_new_word() -> None:
    night = Night(book(AGREE, APPLY, BACK))
    night.approve(BOB, DIGEST)
    night.plan_digest = "cd" * 32
    assert isinstance(night.go(), Held)
    assert night.ran == []


def test_a_command_that_is_held_waits_and_is_tried_again() -> None:
    night = Night(book("go\n" + fence("migrate", "migrate resume"), BACK), exits=[4, 4, 0])
    assert isinstance(night.go(), Held)
    assert isinstance(night.go(), Held)
    assert night.go() == Finished("done")


def test_a_command_passes_once_the_run_is_past_its_stage_held_or_not() -> None:
    night = Night(book("go\n" + fence("migrate past=cutover", "migrate resume"), BACK), exits=[4, 0, 4])
    assert isinstance(night.go(), Held)
    assert not isinstance(night.go(), Finished)
    night.past = True
    assert night.go() == Finished("done")


def test_a_command_passes_once_the_run_asks_for_the_last_stages_word() -> None:
    night = Night(book("go\n" + fence("migrate asks=contract", "migrate resume"), BACK), exits=[4, 4])
    assert isinstance(night.go(), Held)
    night.past = True
    assert night.go() == Finished("done")


def test_no_other_stage_asks_for_a_word_of_its_own() -> None:
    (fault,) = read_runbook(book("go\n" + fence("migrate asks=soak", "migrate resume"), BACK)).faults
    assert "asks=contract" in fault.fix


def test_being_past_the_stage_excuses_no_failure() -> None:
    night = Night(book("go\n" + fence("migrate past=cutover", "migrate resume"), BACK), exits=[6], past=True)
    assert isinstance(night.go(), Failed)


def test_a_soak_must_pass_without_a_break() -> None:
    gate = "soak\n" + fence("gate", "check: vault.reach", "soak: 1h")
    night = Night(
        book(LOOK, gate, BACK), answers=[Pass("up"), Inconclusive("sealed", "unseal"), Pass("up"), Pass("up")]
    )
    assert isinstance(night.go(), Held)
    night.now += timedelta(minutes=50)
    assert isinstance(night.go(), Held)
    night.now += timedelta(minutes=50)
    assert isinstance(night.go(), Held)
    night.now += timedelta(minutes=70)
    assert night.go() == Finished("done")


def test_a_gate_that_stays_unsettled_past_its_timeout_fails() -> None:
    gate = "soak\n" + fence("gate", "check: vault.reach", "timeout: 5m")
    night = Night(book(LOOK, gate, BACK), answers=[Inconclusive("sealed", "unseal")] * 2)
    assert isinstance(night.go(), Held)
    night.now += timedelta(minutes=6)
    assert isinstance(night.go(), Failed)


def test_what_is_done_by_hand_counts_once_it_is_seen() -> None:
    text = book("pull\n" + fence("manual", "do: unseal it", "check: vault.reach"), BACK)
    night = Night(text, typed=["done"], answers=[Inconclusive("sealed", "unseal"), Pass("up")])
    assert isinstance(night.go(), Held)
    assert night.go() == Finished("done")


def test_turning_back_leads_through_the_way_back_and_ends_there() -> None:
    night = Night(book("go\n" + fence("migrate", "migrate resume"), BACK), exits=[6, 0])
    assert isinstance(night.go(), Failed)
    night.note("session.turned", {"way": "back", "reason": "it does not start"})
    assert night.go() == Finished("went-back")
    assert night.ran[-1][0] == ["phases"]


def test_a_step_left_out_is_left_out_whole() -> None:
    night = Night(book(LOOK, AGREE, BACK))
    assert isinstance(night.go(), Held)
    night.note("step.skipped", {"step": "agree", "reason": "agreed on paper"})
    assert night.go() == Finished("done")


def test_any_beginning_of_a_log_is_a_session_that_can_go_on() -> None:
    night = Night(book(LOOK, BOTH, APPLY, BACK), typed=["phase1-abab"])
    night.go()
    night.approve(BOB, DIGEST)
    night.go()
    runbook = read_runbook(night.text)
    for length in range(1, len(night.events)):
        assert isinstance(upcoming(runbook, fold(night.events[:length])), Due) or length >= len(night.events) - 1
