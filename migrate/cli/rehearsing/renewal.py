"""Makes the first certificates live for a minute: the agent itself renews them, when its own clock says so.

The lab's Vault is told a shorter life just before the pods come, so that their agents ask again when it is nearly over,
as they would after the long one. It is told the plan's life again once the pods have come; what they renew to lives as
planned, and is awaited, since one that is about to end is no pass of any gate.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from migrate.cli.rehearsing.ground import Ground
from migrate.cli.rehearsing.operator import Said
from migrate.cli.rehearsing.part import Part
from migrate.lab import vault
from migrate.model.errors import Stopped
from migrate.stores.certificates import certificate, serial

RENEWED, ROLLED_OUT = "cert.renewed", "rollout.recreate-or-single"
_LIFE = 100
"""Seconds that a first certificate lives. Agents reckon from half a minute before it was issued."""

_COMING = 240.0
"""Seconds in which the first certificates must have been renewed."""


@dataclass(slots=True)
class Renewal(Part):
    """The role of a plan that issues certificates, by its path in the lab's Vault, and for which login."""

    ground: Ground
    path: str
    login: str
    life: int = 0
    """Seconds that the plan gave it; 0 while that holds."""
    told: list[int] = field(default_factory=list)
    """What it was told instead, once for each way."""

    def between(self, said: Said, *, cutover: bool) -> None:
        """Vault has the plan's life again before anybody asks how long certificates in use will live."""
        if cutover and not self.life:
            self.life = self._told(_LIFE)
            self.told.append(_LIFE)
        elif self.life and said.gate == ROLLED_OUT and said.held.get("until"):
            self.over()
            self._awaited()

    def over(self) -> None:
        """Give it the plan's life back, if it has another."""
        if self.life:
            self._told(self.life)
            self.life = 0

    def unproven(self) -> Iterator[str]:
        """That another life stood for the plan's."""
        if self.told:
            yield f"the life of the first certificates: Vault was told {self.told[0]} seconds instead"

    def _awaited(self) -> None:
        """Return once every session shows a certificate that lives longer. Raises Stopped where none does."""
        end = time.monotonic() + _COMING
        while not (shown := self._shown()) or not all(map(self._lives, shown)):
            if time.monotonic() > end:
                raise Stopped(
                    f"{self.login} does not show another certificate although the first one's life is over",
                    truth="this was the lab; nothing of the estate was touched",
                    undone="the rest was not rehearsed",
                    following="rehearse again; the agent's log says why it did not renew it",
                )
            time.sleep(1)

    def _lives(self, number: str) -> bool:
        web, mount = vault.as_root(self.ground.world), self.path.partition("/roles/")[0]
        try:
            found = certificate(web.ask("GET", f"/v1/{mount}/cert/{number}")["data"]["certificate"])
        finally:
            web.close()
        return found is not None and found.until - datetime.now(UTC) > timedelta(seconds=_LIFE)

    def _shown(self) -> set[str]:
        """What its sessions show now."""
        asked = "select client_serial from pg_stat_ssl join pg_stat_activity using (pid) where usename = :'login'"
        done = subprocess.run(
            ["psql", "-XAt", "-v", f"login={self.login}"],
            env=self.ground.environment,
            input=asked,
            capture_output=True,
            text=True,
            check=False,
        )
        return {serial(int(one)) for one in done.stdout.split()}

    def _told(self, life: int) -> int:
        """Have it issue for so many seconds from now on; for how many it did until now."""
        web = vault.as_root(self.ground.world)
        try:
            before = int(web.ask("GET", f"/v1/{self.path}")["data"]["ttl"])
            wanted = {"ttl": life, "max_ttl": life}
            web.ask("PATCH", f"/v1/{self.path}", wanted, kind="application/merge-patch+json")
        finally:
            web.close()
        return before
