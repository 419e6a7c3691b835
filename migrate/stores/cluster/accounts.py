"""ServiceAccounts, and short-lived tokens of them for Vault's audience alone."""

from __future__ import annotations

import base64
import binascii
import json

from migrate.model.json import Json, mapping
from migrate.stores.cluster.api import Api, metadata, place

_SECONDS = 600
"""The shortest life that the API server gives a token."""


def account(api: Api, name: str) -> dict[str, Json] | None:
    """A ServiceAccount; `tokens` says whether pods get one without asking. Raises Unreachable."""
    found = api.look(place(name, "serviceaccounts"))
    if not found.ok:
        return {} if found.status == 403 else None
    return {
        "uid": metadata(found.body).get("uid"),
        "tokens": found.body.get("automountServiceAccountToken") is not False,
    }


def token(api: Api, name: str, audience: str) -> str | None:
    """A token as pods of the account get it; None where it may not be made. Raises Unreachable."""
    wanted = {"spec": {"audiences": [audience], "expirationSeconds": _SECONDS}}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", **wanted}
    found = api.told("POST", f"{place(name, 'serviceaccounts')}/token", body, refusals={403, 404, 422})
    made = mapping(found.body.get("status")).get("token")
    return made if found.ok and isinstance(made, str) else None


def claims(jwt: str) -> dict[str, Json]:
    """Who signed a token, with which key: no secret, and no proof either."""
    head, body = (_part(one) for one in [*jwt.split("."), "", ""][:2])
    shown = {"issuer": body.get("iss"), "key": head.get("kid")}
    return {key: one for key, one in shown.items() if isinstance(one, str)}


def _part(encoded: str) -> dict[str, Json]:
    try:
        return mapping(json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))))
    except (ValueError, binascii.Error):
        return {}
