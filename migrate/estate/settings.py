"""What an estate's owner decided: verdicts overridden with a reason, and conventions of images only they know."""

from __future__ import annotations

from dataclasses import dataclass, field

from migrate.estate.inventory import Verdict
from migrate.estate.profiles import Image


@dataclass(frozen=True, slots=True)
class Override:
    """A verdict that replaces ours, with the owner's written reason."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Settings:
    """From `migrate.yaml`. `overrides` is keyed by the ExternalSecret's `namespace/name`."""

    overrides: dict[str, Override] = field(default_factory=dict)
    bootstrap: frozenset[str] = frozenset()
    """Further Secrets (`namespace/name`) on the path to Vault."""
    adapters: dict[str, Image] = field(default_factory=dict)
    """By image repository pattern: what the owners know of such images, beside what profiles say."""
