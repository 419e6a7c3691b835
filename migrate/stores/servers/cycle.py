"""The whole life of an issued login: made by Vault, used, revoked, and looked for afterwards.

It is issued as the workload will get it, with a token of its ServiceAccount; where there is no such account yet, with
the operator's own. The password lives as long as the call, and the table that is made is never committed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import parse_qsl

from migrate.model.json import Json
from migrate.model.ports import Unreachable
from migrate.stores.cluster.accounts import account
from migrate.stores.lost import LostError
from migrate.stores.postgres.session import Database
from migrate.stores.postgres.trial import Credential, used
from migrate.stores.servers.logins import Logins
from migrate.stores.vault.api import Answer, Api
from migrate.targets.vault import grant

_PATIENCE, _PAUSE = 30.0, 0.25
"""Seconds: Vault revokes in the background, and that is how long it may take."""
_IS_THERE = "select 1 from pg_roles where rolname = %(name)s"


@dataclass(frozen=True, slots=True)
class Cycle:
    """One trial of a dynamic role."""

    logins: Logins
    admin: Database

    def tried(self, name: str, asked: str) -> dict[str, Json] | None:
        """`{issued, current, owner, left, why}`; no keys where it may not be tried. Raises Unreachable."""
        wanted = dict(parse_qsl(asked))
        if self.logins.database is None:
            return {}
        if account(self.logins.cluster, name) is None:
            return self._lived(self.logins.vault, wanted, minted=False)
        found = self.logins.entered(name, wanted)
        if not isinstance(found, Answer):
            return found
        if not found.ok:
            return {"issued": False, "why": found.errors}
        bearer = self.logins.vault.bearing(str(found.auth.get("client_token")))
        try:
            return self._lived(bearer, wanted, minted=True)
        finally:
            bearer.end_token()

    def _lived(self, vault: Api, wanted: dict[str, str], *, minted: bool) -> dict[str, Json]:
        read = vault.look(wanted["path"], refused=True)
        if read.status == 403 and not minted:
            both = f"{grant(wanted['path'], 'read')} {grant('sys/leases/revoke', 'update')}"
            raise Unreachable(
                f"there is no ServiceAccount to have a login issued for, and the token itself may not read "
                f"{wanted['path']}",
                following=f"grant it while this is tried: {both}; or deploy the ServiceAccount first",
            )
        if not read.ok:
            return {"issued": False, "why": f"{wanted['path']} in Vault: {read.errors}"}
        login = str(read.data.get("username"))
        door = self.logins.door(wanted["database"])
        try:
            seen = used(door, Credential(login, str(read.data.get("password"))))
        finally:
            _revoked(vault, str(read.body.get("lease_id")), minted=minted)
        return {"issued": True, "left": list[Json](self._left(login)), **seen}

    def _left(self, login: str) -> list[str]:
        end = time.monotonic() + _PATIENCE
        while self.admin.ask(_IS_THERE, {"name": login}):
            if time.monotonic() > end:
                return [login]
            time.sleep(_PAUSE)
        return []


def _revoked(vault: Api, lease: str, *, minted: bool) -> None:
    """End the lease; a workload's token may not, and takes it along when it is revoked itself."""
    if minted:
        vault.end_token()
        return
    try:
        answer = vault.ask("post", "sys/leases/revoke", {"lease_id": lease, "sync": True})
    except LostError as error:
        raise Unreachable(str(error), following=f"vault lease revoke {lease}") from None
    if not answer.ok:
        raise Unreachable(
            f"the login that was issued for this check could not be ended: {answer.errors}",
            following=f"vault lease revoke {lease}; and grant it: {grant('sys/leases/revoke', 'update')}",
        )
