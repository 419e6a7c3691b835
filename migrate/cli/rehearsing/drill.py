"""What nobody wants to try on a cluster that is in use, tried in the lab before the contract stage: Vault is away while
the moved pods run, and then all of them must start while it is away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from migrate.cli.rehearsing.pods import Workload, send_away, until_replaced
from migrate.lab import control, faults
from migrate.lab.world import World

OUTAGE = 10
"""Seconds for which Vault is sealed, each time."""
_COMING = 300.0
"""Seconds in which pods must be there again."""


@dataclass(slots=True)
class Drill:
    """Workloads that have moved and always have a pod, in a lab whose Vault and pods are for breaking."""

    world: World
    workloads: tuple[Workload, ...]
    answered: float = 0.0
    """When Vault answered again after pods were made to start without it, seconds since the epoch; 0 before that."""

    def outage(self) -> None:
        """Have Vault sealed for a while; it answers again when this returns, whatever happens."""
        with self._sealed():
            time.sleep(OUTAGE)

    def cold_start(self) -> None:
        """Seal Vault, delete every pod at once, and unseal it a while later.

        Returns when as many others are ready. Raises Failed if they do not come.
        """
        api = control.api(self.world)
        try:
            with self._sealed():
                sent = [send_away(api, one) for one in self.workloads]
                time.sleep(OUTAGE)
            self.answered = time.time()
            for one in sent:
                until_replaced(api, one, _COMING)
        finally:
            api.close()

    @contextmanager
    def _sealed(self) -> Iterator[None]:
        fault = faults.named("vault-sealed", self.world)
        fault.begin(self.world)
        try:
            yield
        finally:
            fault.end(self.world)
