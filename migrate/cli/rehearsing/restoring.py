"""Whoever keeps backups of Vault: restores one to a second server when a plan waits for that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.cli.rehearsing.operator import Said
from migrate.cli.rehearsing.part import Part
from migrate.lab import secondvault
from migrate.lab.world import World

RESTORED = "transit.restored"


@dataclass(slots=True)
class Restoring(Part):
    """A second Vault beside the lab's, once it was asked for."""

    world: World
    there: bool = False

    def between(self, said: Said, *, cutover: bool) -> None:
        """Restore a backup of this moment. The second time it is the same server, with what it had then."""
        if said.gate.startswith(RESTORED) and not self.there:
            secondvault.restore(self.world)
            self.there = True

    def unproven(self) -> Iterator[str]:
        """That this was no backup of theirs."""
        if self.there:
            yield "your backups of Vault: a snapshot of the lab's own was restored to a second server"
