"""Makes the first rotation period pass in half a minute: Vault itself rotates, when its own clock says so.

The lab's Vault is told a shorter period just before the pods come, so that their agents read the short time to live
and ask again when it is over, as they would after the long one. It is told the plan's period again before the plan's
next write. Forcing a rotation instead would prove nothing: an agent learns of one only when its time to live ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from migrate.cli.rehearsing.operator import Said
from migrate.cli.rehearsing.part import Part
from migrate.cli.rehearsing.subject import ROTATION
from migrate.lab import vault
from migrate.lab.world import World

_SOON = 25
"""Seconds from now to the rotation."""
_TOO_SOON = 12
"""With less than that to go, and the pods not there yet, it is put off: what an agent has read is only shorter."""


@dataclass(slots=True)
class Rotation(Part):
    """The static role of a plan in the lab's Vault, by its path there."""

    world: World
    path: str
    period: int = 0
    """What the plan gave it; 0 while that holds."""
    lasted: list[int] = field(default_factory=list)
    """The periods it was given instead, the first of each way."""

    def between(self, said: Said, *, cutover: bool) -> None:
        """Vault has the plan's period again before the plan writes on."""
        if cutover:
            self.hasten()
        elif said.gate == ROTATION and said.held.get("until"):
            self.over()

    def unproven(self) -> Iterator[str]:
        """That another period stood for the plan's."""
        if self.lasted:
            yield f"the length of the first rotation period: Vault was told {self.lasted[0]} seconds instead"

    def hasten(self) -> None:
        """Have the next rotation come soon, and not before the pods that are awaited have read the time to live."""
        role = self._read()
        since = datetime.now(UTC) - datetime.fromisoformat(role["last_vault_rotation"])
        passed, period = int(since.total_seconds()), int(role["rotation_period"])
        short = passed + _SOON
        if not self.period and short < period:
            self.period = period
            self.lasted.append(short)
            self._write(role, short)
        elif self.period and period - passed < _TOO_SOON and short < self.period:
            self._write(role, short)

    def over(self) -> None:
        """Give it the plan's period back, if it has another."""
        if self.period:
            self._write(self._read(), self.period)
            self.period = 0

    def _read(self) -> dict[str, Any]:
        web = vault.as_root(self.world)
        found: dict[str, Any] = web.ask("GET", f"/v1/{self.path}")["data"]
        web.close()
        return found

    def _write(self, role: dict[str, Any], period: int) -> None:
        kept = {key: role[key] for key in ("db_name", "username", "rotation_statements") if role.get(key)}
        web = vault.as_root(self.world)
        web.ask("POST", f"/v1/{self.path}", {**kept, "rotation_period": period})
        web.close()
