"""An observer that shows what a test puts before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from migrate.checks.answer import Answer, Question
from migrate.checks.catalogue import CHECKS
from migrate.model.change import Absent, Doc, State
from migrate.model.json import Json
from migrate.model.ports import Unreachable
from migrate.model.target import Target, parse_target

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
EARLIER, SINCE, LATER = "2026-03-04T10:00:00+00:00", "2026-03-04T11:00:00+00:00", "2026-03-04T11:30:00+00:00"

ABOUT = {
    "account": "grafana",
    "account_comes": "",
    "address": "pg.example:5432",
    "backups": "7200",
    "audience": "https://vault.example",
    "auth_mount": "jwt",
    "column": "public.entries.body",
    "columns": "notes.public.entries.body.body_sealed",
    "connection": "mig-boards-pg",
    "copies": "{}",
    "break_glass": "",
    "database": "boards",
    "database_ca": "",
    "database_mount": "database",
    "deployment": "watch/grafana",
    "dynamic_role": "mig-boards",
    "external_secret": "watch/login",
    "issued": "",
    "jwt_role": "mig-watch-grafana",
    "key": "transit/keys/mig-notes",
    "key_column": "id",
    "kustomization": "flux-system/apps",
    "life": "604800",
    "mount": "transit",
    "namespace": "watch",
    "new_login": "boards_vault",
    "outage": "172800",
    "old_login": "boards",
    "owner": "boards",
    "path": "database/static-creds/mig-boards",
    "paths": "transit/encrypt/mig-notes transit/decrypt/mig-notes",
    "period": "7200",
    "pins": '{"kv/data/boards":{"version":3,"written":"2026-03-04T10:00:00+00:00"}}',
    "pki_mount": "pki",
    "pki_role": "mig-watch-grafana-cert",
    "pod": "{}",
    "policy": "mig-watch-grafana",
    "quiet": "3600",
    "release": "watch/stack",
    "secret": "watch/login",
    "secret_key": "password",
    "served_path": "database/static-creds/mig-boards",
    "served_role": "mig-watch-grafana",
    "server_name": "pg.example",
    "server_version": "16",
    "settled": "7200",
    "shell": "",
    "sslmode": "verify-full",
    "static_role": "mig-boards",
    "step": "cutover.inject-release.stack",
    "table": "public.entries",
    "touches": "[]",
    "version": "4",
    "vault_client": "",
    "vault_login": "boards_vault_admin",
    "wrapped": "watch/grafana/app",
}


class Case(NamedTuple):
    """What is shown, and the kind of answer a check gives to it."""

    check: str
    wanted: type[Answer]
    shown: Mapping[str, Json]
    about: Mapping[str, str] = {}


@dataclass(frozen=True)
class Showing:
    """Shows these targets (None: there is no such thing); everything else does not answer."""

    shown: Mapping[Target, Json] = field(default_factory=dict)

    def observe(self, target: Target) -> State:
        if target not in self.shown:
            raise Unreachable(f"{target} is not shown by this test")
        value = self.shown[target]
        return Absent() if value is None else Doc(value)


def ask(name: str, shown: Mapping[str, Json], about: Mapping[str, str] | None = None, *, since: bool = True) -> Answer:
    """What the check says of what it is shown."""
    check = CHECKS[name]
    names = {key: (ABOUT | dict(about or {}))[key] for key in check.needs}
    moment = datetime.fromisoformat(SINCE) if since else None
    found = {parse_target(key): value for key, value in shown.items()}
    return check.ask(Showing(found), Question(names, NOW, moment))
