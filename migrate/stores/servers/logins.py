"""What a workload can do: log in to Vault as its ServiceAccount, and to the database with what it reads there.

The account's token is asked for Vault's audience only and lives ten minutes; Vault's is revoked as soon as it was
looked at. Making tokens is a privilege: without it nothing is shown, and the check is inconclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from migrate.model.json import Json, sequence
from migrate.stores.cluster.accounts import account, claims, token
from migrate.stores.cluster.api import Api as Cluster
from migrate.stores.cluster.secrets import secret
from migrate.stores.postgres.trial import Credential, Door, Shown, tried, tried_with_certificate
from migrate.stores.vault.api import Answer
from migrate.stores.vault.api import Api as Vault
from migrate.stores.vault.certificates import authorities

_Shown = dict[str, Json] | None
_TTL = "5m"
"""The life of a certificate that is only for a look."""


@dataclass(frozen=True, slots=True)
class Logins:
    """The three servers, for a login that goes through them."""

    cluster: Cluster
    vault: Vault
    database: Door | None
    """The database as it is reached from here; None where nothing says so."""

    def to_vault(self, name: str, asked: str) -> _Shown:
        """`{allowed, policies, why}`; nothing where there is no such account. Raises Unreachable."""
        wanted = dict(parse_qsl(asked))
        jwt = self._jwt(name, wanted)
        if not isinstance(jwt, str):
            return jwt
        found = self._sent(jwt, wanted)
        if not found.ok:
            return {"allowed": False, "policies": [], "why": found.errors, **claims(jwt)}
        policies = sequence(found.auth.get("token_policies"))
        self.vault.bearing(str(found.auth.get("client_token"))).end_token()
        return {"allowed": True, "policies": policies, "why": ""}

    def to_database(self, name: str, asked: str) -> _Shown:
        """`{allowed, session, current, why}`; no keys where reading the path would make a login. Raises Unreachable."""
        wanted = dict(parse_qsl(asked))
        if "/creds/" in wanted["path"]:
            return {}
        found = self.entered(name, wanted)
        if not isinstance(found, Answer):
            return found
        if not found.ok:
            return {"allowed": False, "why": found.errors}
        bearer = str(found.auth.get("client_token"))
        try:
            return self._connected(self.vault.bearing(bearer).look(wanted["path"], refused=True), wanted)
        finally:
            self.vault.bearing(bearer).end_token()

    def with_secret(self, name: str, asked: str) -> _Shown:
        """`{allowed, session, current, why}` of a login with what a Secret holds; nothing where there is no such one.

        No keys where it may not be seen, or the database's address is unknown. Raises Unreachable.
        """
        wanted = dict(parse_qsl(asked))
        shown, held = secret(self.cluster, name)
        if not shown or self.database is None:
            return shown if shown is None else {}
        value = held.values.get(wanted["key"])
        if value is None:
            return {"allowed": False, "why": f"it has no key {wanted['key']}"}
        # What is no text cannot be a password that anybody was given.
        password = value.decode("utf-8", "replace")
        return tried(self.door(wanted["database"]), Credential(wanted["login"], password))

    def by_certificate(self, name: str, asked: str) -> _Shown:
        """`{allowed, session, current, why}` with a certificate that lives for minutes. Raises Unreachable.

        Its key is forgotten here, so what stays in Vault is a number.
        """
        wanted = dict(parse_qsl(asked))
        found = self.entered(name, wanted)
        if not isinstance(found, Answer):
            return found
        if not found.ok:
            return {"allowed": False, "why": found.errors}
        bearer = str(found.auth.get("client_token"))
        try:
            asked_for = {"common_name": wanted["name"], "ttl": _TTL}
            made = self.vault.bearing(bearer).told("post", wanted["path"], asked_for, refusals={400, 403, 404})
        finally:
            self.vault.bearing(bearer).end_token()
        if not made.ok:
            return {"allowed": False, "why": f"{wanted['path']} in Vault: {made.errors}"}
        if self.database is None:
            return {}
        pair = f"{made.data.get('certificate')}\n{made.data.get('private_key')}\n"
        trusted = authorities(self.vault, wanted["path"].partition("/issue/")[0])
        return tried_with_certificate(
            self.door(wanted["database"]), wanted["host"], Shown(wanted["name"], pair, trusted)
        )

    def _connected(self, read: Answer, wanted: dict[str, str]) -> _Shown:
        if not read.ok:
            return {"allowed": False, "why": f"{wanted['path']} in Vault: {read.errors}"}
        if self.database is None:
            return {}
        return tried(
            self.door(wanted["database"]), Credential(str(read.data.get("username")), str(read.data.get("password")))
        )

    def door(self, database: str) -> Door:
        """The way into one database. There must be one."""
        assert self.database is not None
        return Door(self.database.host, self.database.port, database, self.database.sslmode, self.database.ca)

    def entered(self, name: str, wanted: dict[str, str]) -> Answer | _Shown:
        """What Vault says to a login as the account; nothing where there is none, no keys where it may not be tried.

        Whoever gets a token revokes it. Raises Unreachable.
        """
        jwt = self._jwt(name, wanted)
        return self._sent(jwt, wanted) if isinstance(jwt, str) else jwt

    def _jwt(self, name: str, wanted: dict[str, str]) -> str | _Shown:
        if account(self.cluster, name) is None:
            return None
        made = token(self.cluster, name, wanted["audience"])
        return {} if made is None else made

    def _sent(self, jwt: str, wanted: dict[str, str]) -> Answer:
        mount, _, role = wanted["role"].partition("/role/")
        asked = {"role": role, "jwt": jwt}
        return self.vault.anonymous().told("post", f"{mount}/login", asked, refusals={400, 403, 404})
