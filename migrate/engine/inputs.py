"""Passwords that steps write: made when needed, held in memory, gone with the process.

Two steps may need the very same one. Where the process that made it died in between, nobody knows it any more: the
first target gets a new one before the second step goes on.
"""

from __future__ import annotations

from collections.abc import Callable

from migrate.model.change import Change, Input
from migrate.model.ports import Secrets
from migrate.model.target import Target


class Inputs:
    """The passwords of one process. `make` gives a new random one."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make
        self._made: dict[Target, str] = {}

    def lost(self, change: Change) -> Target | None:
        """The target whose password this change must repeat and nobody knows any more."""
        shared = (one.shares for one in change.inputs)
        return next((target for target in shared if target is not None and target not in self._made), None)

    def fresh(self, target: Target) -> str:
        """A new password for a target, remembered for whoever shares it."""
        self._made[target] = self._make()
        return self._made[target]

    def of(self, change: Change) -> Secrets:
        """The write-only fields of a change. What it shares must not be lost."""
        return Secrets({one.field: self._value(one, change.target) for one in change.inputs})

    def _value(self, one: Input, target: Target) -> str:
        return self._made[one.shares] if one.shares is not None else self.fresh(target)
