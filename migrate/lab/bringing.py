"""What a lab brings into servers that are not its own: each thing is written down before it is made.

A thing that is there already is left alone; a thing is removed only while it carries the lab's mark.
"""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrate.lab import cluster, vault
from migrate.lab.demands import Demands
from migrate.lab.vault import Mounts
from migrate.lab.web import Unwelcome, Web
from migrate.lab.world import World, write, write_json
from migrate.model.errors import Failed, MigrateError

if TYPE_CHECKING:  # its client takes long to import, and most commands ask no cluster
    from migrate.stores.cluster.api import Api

LABEL = "migrate.lab/world"


@dataclass(frozen=True, slots=True)
class Lent:
    """Two servers that are somebody's."""

    cluster: Api
    vault: Web


class Brought:
    """The list of what a lab has brought, on disk before any of it is made."""

    def __init__(self, world: World, servers: Lent) -> None:
        self.world, self.servers = world, servers
        self._file = world.config("brought.json")
        self._list: list[list[str]] = json.loads(self._file.read_text()) if self._file.exists() else []

    @property
    def mark(self) -> str:
        """What tells the lab's things from everybody else's."""
        return f"migrate lab {self.world.name} {self.world.id}"

    def vault(self, path: str, body: dict[str, Any]) -> bool:
        """Make something in Vault where nothing is; true where it was made. The body bears the mark."""
        if _is(self.servers.vault, path):
            return False
        self.note("vault", path)
        self.servers.vault.ask("POST", f"/v1/{path}", body)
        return True

    def object(self, collection: str, body: cluster.Object) -> bool:
        """Create an object in the cluster, marked; true where nothing of that name was there."""
        metadata = {**body["metadata"], "labels": {LABEL: self.world.id}}
        path = f"{collection}/{metadata['name']}"
        if self.servers.cluster.look(path).ok:
            return False
        self.note("cluster", path)
        made = self.servers.cluster.ask("POST", collection, {**body, "metadata": metadata})
        if not made.ok and made.status != 409:
            raise Failed(f"The cluster refused {path}: {made.message}", following="migrate lab down")
        return made.ok

    def take_away(self) -> list[str]:
        """Remove everything that was brought, last first; returns what could not be, with why."""
        left = []
        for where, path in reversed(self._list):
            try:
                self._remove(where, path)
            except MigrateError as error:
                left.append(f"{where}:{path} ({error.happened})")
        return left

    def _remove(self, where: str, path: str) -> None:
        if where == "token":
            token = {"token": self.world.credential("eso-token").read_text()}
            with contextlib.suppress(Unwelcome):  # it never was, or has ended
                self.servers.vault.ask("POST", "/v1/auth/token/revoke", token)
            return
        if where == "vault":
            if self._is_ours(path):
                self.servers.vault.ask("DELETE", f"/v1/{path}")
            return
        found = self.servers.cluster.look(path)
        labels = (found.body.get("metadata") or {}).get("labels") or {}  # type: ignore[union-attr]
        if found.ok and isinstance(labels, dict) and labels.get(LABEL) == self.world.id:
            gone = self.servers.cluster.ask("DELETE", path)
            if not gone.ok and gone.status != 404:
                raise Failed(gone.message)

    def _is_ours(self, path: str) -> bool:
        """Whether what is there bears the lab's mark, and of a value that nobody has written it since."""
        try:
            found = self.servers.vault.ask("GET", f"/v1/{path}")["data"]
        except Unwelcome:
            return False
        return self.mark in json.dumps(found) and int(found.get("current_version") or 0) <= 1

    def note(self, where: str, path: str) -> None:
        """Write down that something is about to be made."""
        self._list.append([where, path])
        write_json(self._file, self._list)


def furnish_vault(brought: Brought, mounts: Mounts, demands: Demands | None) -> None:
    """Engines, trust in the cluster's signing keys, the reader's policy and token, and a value for every key."""
    mine = {"description": brought.mark}
    for mount in mounts.kv:
        body = {"type": "kv", "options": {"version": "2"}, **mine}
        if not brought.vault(f"sys/mounts/{mount}", body):
            _insist_on_versions(brought.servers.vault, mount)
    for kind, mount in (("database", mounts.database), ("pki", mounts.pki), ("transit", mounts.transit)):
        brought.vault(f"sys/mounts/{mount}", {"type": kind, **mine})
    if brought.vault(f"sys/auth/{mounts.jwt}", {"type": "jwt", **mine}):
        brought.servers.vault.ask("POST", f"/v1/auth/{mounts.jwt}/config", _trust(brought.servers.cluster))
    brought.vault(f"sys/policies/acl/{vault.READER}", {"policy": f"# {brought.mark}\n{vault.reading(mounts)}"})
    for (mount, path), data in (demands.values if demands else {}).items():
        if brought.vault(f"{mount}/metadata/{path}", {"custom_metadata": {"made-by": brought.mark}}):
            # cas 0: only where there is no version yet, whoever came in between.
            value = {"data": dict(data), "options": {"cas": 0}}
            brought.servers.vault.ask("POST", f"/v1/{mount}/data/{path}", value)


def furnish_cluster(brought: Brought, demands: Demands | None, authority: Path | None) -> None:
    """Namespaces, and the Secrets that stand outside the estate's Git."""
    for name in demands.namespaces if demands else ():
        brought.object("/api/v1/namespaces", cluster.namespace(name))
    for place, data in (dict(_secrets(brought, demands, authority)) if demands else {}).items():
        brought.object(f"/api/v1/namespaces/{place[0]}/secrets", cluster.secret(place, data))


def _secrets(
    brought: Brought, demands: Demands, authority: Path | None
) -> Iterator[tuple[tuple[str, str], dict[str, str]]]:
    yield from demands.secrets.items()
    for namespace, name, key in demands.authorities if authority else ():
        yield (namespace, name), {key: authority.read_text() if authority else ""}
    if demands.tokens:
        token = f"lab-{secrets.token_urlsafe(24)}"
        write(brought.world.credential("eso-token"), token)
        brought.note("token", "")
        vault.make_reader_token(brought.servers.vault, brought.world, token)
        for namespace, name, key in demands.tokens:
            yield (namespace, name), {key: token}


def _insist_on_versions(web: Web, mount: str) -> None:
    found = web.ask("GET", f"/v1/sys/mounts/{mount}")["data"]
    if found.get("type") != "kv" or (found.get("options") or {}).get("version") != "2":
        raise Failed(
            f"Vault has something else than KV version 2 at {mount}/, where the estate's stores look for theirs.",
            undone="Nothing was written there.",
            following="migrate lab down",
        )


def _trust(api: Api) -> dict[str, Any]:
    """The configuration with which Vault takes the cluster's service accounts' tokens: its public keys and issuer."""
    keys = api.look("/openid/v1/jwks").body.get("keys") or []
    issuer = api.look("/.well-known/openid-configuration").body.get("issuer")
    if not isinstance(keys, list) or not keys:
        raise Failed("The cluster does not say which keys sign its tokens.", following="migrate lab down")
    pems = [_pem(key) for key in keys if isinstance(key, dict) and key.get("kty") == "RSA"]
    return {"jwt_validation_pubkeys": pems, "bound_issuer": issuer}


def _pem(key: dict[str, Any]) -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    numbers = RSAPublicNumbers(e=_number(key["e"]), n=_number(key["n"]))
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return numbers.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _is(web: Web, path: str) -> bool:
    """Whether Vault has something there. It answers 400 for a mount that is not there, 404 for most other things."""
    try:
        web.ask("GET", f"/v1/{path}")
    except Unwelcome as refused:
        if refused.status in {400, 404}:
            return False
        raise
    return True
