"""The commands of a whole migration and of its way back, each with the state it began in."""

from __future__ import annotations

from dataclasses import dataclass

from tests.harness.operator import Operator, Said
from tests.harness.truth import Estate, standing


@dataclass(frozen=True)
class Leg:
    """One command: its words, the snapshot it began in, what it did to the disk, and which way it leads."""

    name: str
    words: tuple[str, ...]
    kept: str
    points: tuple[str, ...]
    back: bool


@dataclass(frozen=True)
class Journey:
    """What one operator typed, there and back."""

    operator: Operator
    before: Estate
    legs: tuple[Leg, ...]

    def leg(self, name: str) -> Leg:
        return next(leg for leg in self.legs if leg.name == name)


NAMES = ("apply", "soak", "orphan", "remove", "close", "back", "back-cutover", "back-expand")


def travelled(one: Operator) -> Journey:
    """Go once, undisturbed."""
    said = one.planned()
    assert said.code == 0, said.err
    before, digest = standing(one), one.digest
    typed = (
        ("apply", str(one.plan), "--approve", digest),
        ("resume",),
        ("resume", "--approve", digest),
        ("resume",),
        ("resume",),
        ("rollback",),
        ("rollback",),
        ("rollback",),
    )
    legs = list[Leg]()
    for name, words in zip(NAMES, typed, strict=True):
        one.keep(name)
        said = one.run(*words)
        legs.append(Leg(name, words, name, said.points, back=words[0] == "rollback"))
        assert said.code == _expected(name), f"{name}: {said.code} {said.out}{said.err}"
        one.merge()
    return Journey(one, before, tuple(legs))


def _expected(name: str) -> int:
    return {"close": 0, "back-expand": 0, "back": 7, "back-cutover": 7}.get(name, 4)


def finished(one: Operator, *, back: bool) -> Said:
    """Go on to the end in a direction, whatever stands there; what was never opened is begun anew."""
    if not one.status():
        one.apply()
    return one.back() if back else one.forward()
