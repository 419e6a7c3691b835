"""Somebody, or a server's clock, that a plan waits for: what each may do, and by itself does not."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.cli.rehearsing.operator import Said


class Part:
    """A part in the lab. Each does what it overrides."""

    def begin(self) -> None:
        """Bring what the plan finds, before it begins."""

    def between(self, said: Said, *, cutover: bool) -> None:
        """Do what is to be done while a run waits; `cutover`: for a commit of the cutover."""

    def over(self) -> None:
        """A way has ended. Raises Stopped where what was played has gone wrong."""

    def end(self) -> None:
        """The rehearsal has ended, whatever became of it."""

    def unproven(self) -> Iterable[str]:
        """What a pass does not show because this was played."""
        return ()
