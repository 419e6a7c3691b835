"""The commands of a whole migration and of its way back, each with the state it began in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.harness.operator import Operator, Said
from tests.harness.truth import Estate, standing

_THERE, _BACK = ([f"{way} {number}" for number in range(1, 15)] for way in ("there", "back"))
"""More names than any way has commands."""
_WAITS = {"apply": 4, "resume": 4, "rollback": 7}


@dataclass(frozen=True)
class Leg:
    """One command: its words, the snapshot it began in, what it did to the disk, which way it leads, how it ended."""

    name: str
    words: tuple[str, ...]
    kept: str
    points: tuple[str, ...]
    back: bool
    code: int

    @property
    def waits(self) -> bool:
        """Whether the way is not at its end after it."""
        return self.code == _WAITS[self.words[0]]


@dataclass(frozen=True)
class Journey:
    """What one operator typed, there and back."""

    operator: Operator
    before: Estate
    legs: tuple[Leg, ...]

    def leg(self, name: str) -> Leg:
        return next(leg for leg in self.legs if leg.name == name)


_PHASE1 = ("apply", "soak", "orphan", "remove", "close")
_PHASE1_BACK = ("back", "back-cutover", "back-expand")
NAMES = (*_PHASE1, *_PHASE1_BACK)


def travelled(one: Operator) -> Journey:
    """The whole of phase 1, undisturbed, with a name for each leg."""
    said = one.planned()
    assert said.code == 0, said.err
    before = standing(one)
    return Journey(one, before, (*there(one, _PHASE1), *back(one, names=_PHASE1_BACK)))


def there(one: Operator, names: Sequence[str] = _THERE) -> Iterator[Leg]:
    """To the end of the plan, merging after each command; the contract stage is agreed to where it waits for that."""
    words: tuple[str, ...] = ("apply", str(one.plan), "--approve", one.digest)
    for name in names:
        leg, said = typed(one, name, *words)
        yield leg
        if not leg.waits:
            assert leg.code == 0, said.out + said.err
            return
        one.merge()
        words = ("resume",)
        if one.status()["held"]["by"] == "the contract stage":
            words = ("resume", "--approve", one.digest)
    raise AssertionError(f"{one.name} has more commands than {len(names)}: {said.out}{said.err}")


def back(one: Operator, *options: str, names: Sequence[str] = _BACK) -> Iterator[Leg]:
    """Until everything is taken back, merging after each command."""
    for name in names:
        leg, said = typed(one, name, "rollback", *options)
        yield leg
        if not leg.waits:
            assert leg.code == 0, said.out + said.err
            return
        one.merge()
    raise AssertionError(f"{one.name} has more commands than {len(names)}: {said.out}{said.err}")


def typed(one: Operator, name: str, *words: str) -> tuple[Leg, Said]:
    """One command, with what stood before it kept under the leg's name."""
    one.keep(name)
    said = one.run(*words)
    return Leg(name, words, name, said.points, words[0] == "rollback", said.code), said


def finished(one: Operator, *, back: bool) -> Said:
    """Go on to the end in a direction, whatever stands there; what was never opened is begun anew."""
    newest = str(one.status().get("plan", "no run"))
    if not one.digest.startswith(newest.rpartition("-")[2]):
        one.apply()
    return one.back() if back else one.forward()
