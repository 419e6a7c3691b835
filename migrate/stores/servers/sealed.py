"""Sealed columns looked at with both servers at once: compared, and sampled with a Vault restored from a backup."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from migrate.model.json import Json
from migrate.model.target import Target
from migrate.stores.postgres.columns import Ciphers
from migrate.stores.postgres.comparing import compared, sampled, shown
from migrate.stores.postgres.session import Database
from migrate.stores.vault.api import Api
from migrate.stores.vault.transit import Key
from migrate.targets.columns import columns_of

_SAMPLE = 50


@dataclass(frozen=True, slots=True)
class SealedObserver:
    """`restored`: the second Vault, None where the settings name none."""

    database: Database
    ciphers: Ciphers
    restored: Api | None

    def seen(self, target: Target) -> dict[str, Json] | None:
        """Numbers of rows; nothing where there is no second Vault. Raises Unreachable, Refused."""
        name, _, asked = target.name.partition("?")
        columns, about = columns_of(Target("postgres", target.kind, name)), dict(parse_qsl(asked))
        if target.kind == "comparison":
            return shown(compared(self.database, columns, about["key"], self.ciphers(about["with"])))
        if self.restored is None:
            return None
        cipher = Key(self.restored, about["with"])
        found = shown(sampled(self.database, columns, about["key"], cipher, _SAMPLE))
        return {"address": self.restored.address, **found}
