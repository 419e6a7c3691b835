"""What a case about an application's data is to the estate, whatever becomes of that data: nothing of it is in Git."""

from __future__ import annotations

from dataclasses import dataclass

from migrate.model.target import Target
from migrate.planning.cases import Moved


@dataclass(frozen=True, slots=True)
class OfApplication:
    """A case whose one stand in the tree is the application itself. `workload`: that, and its file."""

    workload: tuple[Target, str]

    @property
    def moves(self) -> tuple[Moved, ...]:
        """No secret: what is protected is the application's data."""
        return ()

    @property
    def believed(self) -> tuple[tuple[Target, str], ...]:
        """The application, which the key is named after and whose account gets the policy."""
        return (self.workload,)

    @property
    def watched(self) -> tuple[Target, ...]:
        """Only what steps change: the application's pods come and go without this."""
        return ()

    def applied_by(self, target: Target) -> str:
        """Nothing of it is in Git."""
        return ""
