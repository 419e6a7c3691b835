"""What a PKI engine shows: the authority that it signs with, and the certificates that bear a name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from migrate.model.json import Json, sequence
from migrate.model.ports import Unreachable
from migrate.stores.certificates import certificate
from migrate.stores.lost import LostError
from migrate.stores.vault.api import Answer, Api

_MOST = 2000
"""More certificates than this are not read one by one: then nothing is shown."""


def authority(api: Api, mount: str) -> dict[str, Json] | None:
    """`{until}`; nothing where there is none to sign with. Anybody may read it. Raises Unreachable."""
    found = _asked(api, f"{mount}/issuer/default/json")
    shown = certificate(str(found.data.get("certificate"))) if found.ok else None
    return {"until": shown.until.isoformat()} if shown else None


def authorities(api: Api, mount: str) -> str:
    """Every authority of a mount, one after the other, in PEM. Raises Unreachable."""
    keys = sequence(_asked(api, f"{mount}/issuers", "list").data.get("keys"))
    return "".join(str(_asked(api, f"{mount}/issuer/{key}/json").data.get("certificate", "")) for key in keys)


def issued(api: Api, mount: str, name: str, now: datetime) -> dict[str, Json]:
    """`{valid, revoked}` of those that bear the name and have not run out; no keys where they may not be listed.

    Raises Unreachable.
    """
    listed = api.look(f"{mount}/certs", "list")
    serials = [str(one) for one in sequence(listed.data.get("keys"))]
    if listed.status == 403 or len(serials) > _MOST:
        return {}
    valid, revoked = list[Json](), list[Json]()
    for serial, until, ended in _bearing(api, mount, serials, name):
        if until > now:
            valid += [] if ended else [{"serial": serial, "until": until.isoformat()}]
            revoked += [serial] if ended else []
    return {"valid": valid, "revoked": revoked}


def _bearing(api: Api, mount: str, serials: list[str], name: str) -> Iterator[tuple[str, datetime, bool]]:
    for serial in serials:
        data = _asked(api, f"{mount}/cert/{serial}").data
        shown = certificate(str(data.get("certificate")))
        if shown is not None and shown.name == name:
            yield serial, shown.until, bool(data.get("revocation_time"))


def _asked(api: Api, path: str, method: str = "get") -> Answer:
    """What everybody may read. An engine without an authority answers 500, which is no fault. Raises Unreachable."""
    try:
        return api.anonymous().ask(method, path)
    except LostError as error:
        raise Unreachable(str(error), following="Vault answers again") from None
