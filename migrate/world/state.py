"""The servers' states, and a working copy of them that rules change.

Values (passwords, KV) are made up when the world is, from its seed: they exist nowhere else, so that seeing one
anywhere else is a leak.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class World:
    """Vault, PostgreSQL and a cluster. Each store is one JSON document; `faults` say what is broken on purpose."""

    vault: dict[str, Any]
    postgres: dict[str, Any]
    cluster: dict[str, Any]
    faults: dict[str, Any]
    seed: str
    """What made-up values are derived from."""
    drawn: int = 0
    """How many were."""


@dataclass(slots=True)
class Draft:
    """A world being changed. Lives for one reaction or one write."""

    vault: dict[str, Any]
    postgres: dict[str, Any]
    cluster: dict[str, Any]
    faults: dict[str, Any]
    seed: str
    drawn: int
    now: datetime = field(default=datetime.min)

    @property
    def objects(self) -> dict[str, dict[str, Any]]:
        """The cluster's objects by `Kind/namespace/name`."""
        found: dict[str, dict[str, Any]] = self.cluster["objects"]
        return found

    @property
    def paths(self) -> dict[str, dict[str, Any]]:
        """What was written to Vault, by API path: `state`, and beside it what Vault never shows."""
        found: dict[str, dict[str, Any]] = self.vault["paths"]
        return found

    @property
    def roles(self) -> dict[str, dict[str, Any]]:
        """The logins of the database: `state` and `password`."""
        found: dict[str, dict[str, Any]] = self.postgres["roles"]
        return found

    @property
    def sessions(self) -> list[dict[str, Any]]:
        """Open sessions."""
        found: list[dict[str, Any]] = self.postgres["sessions"]
        return found

    def of(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """The objects of a kind, by `namespace/name`, in order."""
        start = f"{kind}/"
        return [(key.removeprefix(start), self.objects[key]) for key in sorted(self.objects) if key.startswith(start)]

    def draw(self, length: int = 20) -> str:
        """A new made-up text that nobody else has."""
        self.drawn += 1
        return drawn(self.seed, self.drawn)[:length]

    def uid(self) -> str:
        """A new identity in the form Kubernetes uses."""
        text = self.draw(32)
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def drawn(seed: str, number: int) -> str:
    """The made-up text of that number: 64 letters and digits."""
    return hashlib.sha256(f"{seed}/{number}".encode()).hexdigest()


def draft(world: World, now: datetime) -> Draft:
    """A copy to change."""
    # Through JSON, which is what a world is in its files: five times as fast as a deep copy.
    vault, postgres, cluster, faults = json.loads(
        json.dumps([world.vault, world.postgres, world.cluster, world.faults])
    )
    return Draft(vault, postgres, cluster, faults, world.seed, world.drawn, now)


def finished(changed: Draft) -> World:
    """The changed copy as a world of its own."""
    return World(changed.vault, changed.postgres, changed.cluster, changed.faults, changed.seed, changed.drawn)


def written(moment: datetime) -> str:
    """A moment as the world's files hold it: RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment(text: str) -> datetime:
    """The inverse of `written`."""
    return datetime.fromisoformat(text)
