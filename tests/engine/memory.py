"""A store in memory, for tests of what an engine makes of its answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from migrate.model.change import Absent, Change, State
from migrate.model.ports import Move, Outcome, OutcomeUnknown, Secrets, Snapshot, Written
from migrate.model.target import Target


@dataclass
class Memory:
    """A store. `fails`: of so many first writes it says nothing, and does not do them."""

    fails: int = 0
    states: dict[Target, State] = field(default_factory=dict)
    mark: str | None = None

    def read(self, change: Change) -> Snapshot:
        return Snapshot(self.states.get(change.target, Absent()), mark=self.mark)

    def write(self, move: Move, seen: Snapshot, secrets: Secrets) -> Outcome:
        if self.fails:
            self.fails -= 1
            return OutcomeUnknown("the server failed")
        self.states[move.change.target] = move.change.after
        return Written()

    def identity(self) -> str:
        return "memory"

    def observe(self, target: Target) -> State:
        return self.states.get(target, Absent())
