"""What sessions know of the command line: a table handed in, which parses a command without running it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Effect = Literal["reads", "repeats", "begins"]
"""What running it twice means: nothing; the same as once, going on from what is there; or a second beginning."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command that the command line understands. `takes`: the options it has, `given`: those that were typed."""

    verb: str
    effect: Effect
    takes: frozenset[str]
    given: frozenset[str]


@dataclass(frozen=True, slots=True)
class Unparsed:
    """One that it does not, in its own words."""

    why: str


Parse: TypeAlias = Callable[[Sequence[str]], Parsed | Unparsed]
"""Words after `migrate`, to what they mean. Runs nothing, prints nothing, never raises."""


def placed(words: Sequence[str], parsed: Parsed, where: Sequence[tuple[str, ...]]) -> list[str]:
    """The words with the session's own place (`--estate DIR`, `--world DIR` or `--live`), where they lack it.

    Only options that the command takes and that were not typed.
    """
    wanted = [option for option in where if option[0] in parsed.takes - parsed.given]
    return [*words, *(word for option in wanted for word in option)]
