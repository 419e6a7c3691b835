"""How a check looks: one target at a time, one key at a time. What is not shown ends the question as inconclusive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps

from migrate.checks.answer import Answer, Inconclusive, Question
from migrate.model.change import Doc
from migrate.model.json import Json, mapping
from migrate.model.ports import Observer, Unreachable
from migrate.model.target import Target, parse_target

Ask = Callable[[Observer, Question], Answer]


class UnseenError(Exception):
    """The store does not show what was asked for. Never leaves a check."""

    def __init__(self, reading: str, settles: str) -> None:
        super().__init__(reading)
        self.reading = reading
        self.settles = settles


@dataclass(frozen=True, slots=True)
class Seen:
    """A target as an observer shows it. Reading a key that is not shown ends the check as inconclusive."""

    target: Target
    value: dict[str, Json]
    exists: bool

    def flag(self, key: str) -> bool:
        """A yes or no."""
        value = self._value(key)
        if not isinstance(value, bool):
            raise self._unseen(key)
        return value

    def number(self, key: str) -> int:
        """A whole number."""
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._unseen(key)
        return value

    def text(self, key: str) -> str:
        """A text."""
        value = self._value(key)
        if not isinstance(value, str):
            raise self._unseen(key)
        return value

    def time(self, key: str) -> datetime:
        """A moment."""
        return moment(self.text(key))

    def texts(self, key: str) -> list[str]:
        """A list of texts."""
        value = self._value(key)
        if not isinstance(value, list):
            raise self._unseen(key)
        return [str(one) for one in value]

    def counts(self, key: str) -> dict[str, int]:
        """A map of whole numbers."""
        value = self._value(key)
        if not isinstance(value, dict):
            raise self._unseen(key)
        return {name: count for name, count in value.items() if isinstance(count, int)}

    def items(self, key: str) -> list[dict[str, Json]]:
        """A list of maps."""
        value = self._value(key)
        if not isinstance(value, list):
            raise self._unseen(key)
        return [mapping(one) for one in value]

    def shows(self, key: str) -> bool:
        """Whether the key is shown at all."""
        return self.value.get(key) is not None

    def _value(self, key: str) -> Json:
        return self.value.get(key)

    def _unseen(self, key: str) -> UnseenError:
        name = str(self.target).partition("?")[0]
        return UnseenError(
            f"{name} does not show {key}" if self.exists else f"there is no {name}",
            "look with rights that show it, or pass the gate with a reason once you know it otherwise",
        )


def permitted(seen: Seen, proves: str) -> None:
    """Return unless the operator has switched this trial off, which ends the check as inconclusive."""
    if seen.shows("off"):
        raise UnseenError(
            f"not tried, since {seen.text('off')} is false in migrate.yaml; it would have proven that {proves}",
            f"set {seen.text('off')}: true, or pass the gate with a reason once you know it otherwise",
        )


def let_in(login: Seen) -> bool:
    """Whether a login that was tried got in. What the server said instead of an answer ends the check."""
    if "allowed" not in login.value and login.shows("why"):
        raise UnseenError(f"the server cannot say now: {login.text('why')}", "it answers again")
    return login.flag("allowed")


def look(observer: Observer, name: str) -> Seen:
    """The target as it is now, by its name in text form. Raises Unreachable."""
    target = parse_target(name)
    state = observer.observe(target)
    return Seen(target, mapping(state.value), True) if isinstance(state, Doc) else Seen(target, {}, False)


def moment(text: str) -> datetime:
    """A moment as observers write it."""
    return datetime.fromisoformat(text)


def settled(ask: Ask) -> Ask:
    """The check as the engine asks it: whatever cannot be seen makes it inconclusive."""

    @wraps(ask)
    def asked(observer: Observer, question: Question) -> Answer:
        try:
            return ask(observer, question)
        except UnseenError as unseen:
            return Inconclusive(unseen.reading, unseen.settles)
        except Unreachable as error:
            return Inconclusive(error.happened, error.following or "the server answers again")

    return asked


def joined(names: list[str], most: int = 5) -> str:
    """The first few names, and how many more there are."""
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
