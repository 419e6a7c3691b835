"""What the journal costs: a run's records beside raw appends with fsync, and how a long plan grows.

Both sides in one run, on the same disk. The store is memory, so that nothing but the engine and the disk is measured.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from migrate.checks.catalogue import check_for
from migrate.engine.asking import Asker
from migrate.engine.ending import Completed
from migrate.engine.fold import fold
from migrate.engine.inputs import Inputs
from migrate.engine.recorder import Recorder
from migrate.engine.run import Engine
from migrate.engine.writing import Writer
from migrate.model.change import Absent, Change, Doc, Exact, State
from migrate.model.plan import Plan, Provenance, Step
from migrate.model.ports import Move, Outcome, Secrets, Snapshot, Store, Written
from migrate.model.target import StoreName, Target
from migrate.stores.journal import Journal


class Memory:
    """A store that holds states in memory."""

    def __init__(self) -> None:
        self.states: dict[Target, State] = {}

    def read(self, change: Change) -> Snapshot:
        """The state now."""
        return Snapshot(self.states.get(change.target, Absent()))

    def write(self, move: Move, seen: Snapshot, secrets: Secrets) -> Outcome:
        """Take it."""
        self.states[move.change.target] = move.change.after
        return Written()

    def identity(self) -> str:
        """One of a kind."""
        return "memory"

    def observe(self, target: Target) -> State:
        """The state now."""
        return self.states.get(target, Absent())


def plan_of(count: int) -> Plan:
    """A plan of so many small steps."""
    steps = tuple(_step(number) for number in range(count))
    return Plan("bench", "practice", None, False, "apps/app", "static", (), steps, (), (), (), (), (), ())


def _step(number: int) -> Step:
    change = Change(Target("vault", "policy", f"p{number}"), Absent(), Doc({"policy": "x" * 200}), Exact())
    origin = Provenance("", None, ())
    return Step(f"expand.p{number}", "apps/app", "expand", "vault-policy", "a policy", change, "", (), "", origin, ())


def apply(count: int, folder: Path) -> float:
    """Seconds to apply a plan of so many steps."""
    plan, memory = plan_of(count), Memory()
    journal = Journal(folder / f"journal-{count}.jsonl", lambda: datetime.now(UTC))
    recorder = Recorder(fold(()), journal.append, lambda event: None)
    for kind, data in (("run.opened", _opening()), ("run.approved", {"stages": ["expand"]})):
        recorder.note(kind, **data)
    stores: Mapping[StoreName, Store] = {"vault": memory}
    writer = Writer((plan, "bench", "0"), stores, Inputs(lambda: "x"), recorder, lambda: None)
    asker = Asker(check_for, memory, recorder, lambda: datetime.now(UTC))
    engine = Engine(plan, recorder, writer, asker, stopping=lambda: False, heed=lambda: None, consent=bool)
    spent = timed(lambda: _finished(engine))
    journal.close()
    return spent


def _opening() -> dict[str, str]:
    return {"run": "r", "plan": "p", "digest": "d", "phase": "bench", "mode": "practice", "who": "bench"}


def _finished(engine: Engine) -> None:
    assert isinstance(engine.drive(), Completed)


def raw(count: int, folder: Path) -> float:
    """Seconds for as many appends with fsync as such a run makes records, of the same size."""
    descriptor = os.open(folder / f"raw-{count}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    text = b"x" * 420 + b"\n"

    def write() -> None:
        for _ in range(2 * count + 3):
            os.write(descriptor, text)
            os.fsync(descriptor)

    spent = timed(write)
    os.close(descriptor)
    return spent


def timed(work: Callable[[], None]) -> float:
    """Seconds of wall time."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Print the ratios."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder, found = Path(name), dict[int, float]()
        for count in (100, 1000, 4000):
            floor, spent = raw(count, folder), apply(count, folder)
            found[count] = spent
            per = (spent - floor) / count * 1000
            print(
                f"{count:5} steps: {spent:6.3f} s; raw appends with fsync {floor:6.3f} s; "
                f"{spent / floor:4.2f} times, {per:5.2f} ms a step more"
            )
        growth = found[1000] / found[100], found[4000] / found[1000]
        print(f"100 -> 1000 steps: {growth[0]:5.2f} times; 1000 -> 4000: {growth[1]:5.2f}")


if __name__ == "__main__":
    main()
