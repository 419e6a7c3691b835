"""The token that requests bear: given by the operator, or minted here by a login.

Only what this process minted is renewed and revoked: the given one may be somebody else's, and one misplaced revoke
stops every ExternalSecret of an estate.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from migrate.model.errors import Refused
from migrate.model.json import Json, sequence
from migrate.stores.vault.api import Api

_ESO = re.compile(r"(^|[-_/])(eso|external-secrets)([-_/]|$)")
_MARGIN = timedelta(minutes=2)
"""So long before its end a minted token is replaced."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What Vault says of a token. `left`: seconds it lives, None for ever."""

    display_name: str
    policies: tuple[str, ...]
    left: int | None
    accessor: str


class Minted:
    """A token got by logging in with a JWT: renewed while it is used, revoked at the end."""

    def __init__(self, api: Api, mount: str, role: str, jwt: Callable[[], str], now: Callable[[], datetime]) -> None:
        self._api, self._path, self._role, self._jwt, self._now = api, f"auth/{mount}/login", role, jwt, now
        self._token, self._until = "", now()

    def __call__(self) -> str:
        """A token that is good for a while. Raises Refused where the login is refused, Unreachable."""
        ends = not self._token or self._now() + _MARGIN >= self._until
        if ends and not (self._token and self._renewed()):
            self._log_in()
        return self._token

    def revoke(self) -> None:
        """End it, whatever becomes of that: it dies soon anyway."""
        token, self._token = self._token, ""
        if token:
            self._api.bearing(token).end_token()

    def _renewed(self) -> bool:
        answer = self._asked(self._api.bearing(self._token), "auth/token/renew-self", {})
        return answer is not None and self._now() + _MARGIN < self._until

    def _log_in(self) -> None:
        if self._asked(self._api, self._path, {"role": self._role, "jwt": self._jwt()}) is None:
            raise Refused(
                f"Vault refuses the login at {self._path} in role {self._role}",
                undone="nothing was written",
                following="compare the role's bound_subject, bound_audiences and bound_claims with the JWT",
            )

    def _asked(self, api: Api, path: str, body: dict[str, Json]) -> str | None:
        answer = api.told("post", path, dict(body), refusals={400, 403, 404})
        token, life = answer.auth.get("client_token"), answer.auth.get("lease_duration")
        if not answer.ok or not isinstance(token, str) or not isinstance(life, int):
            return None
        self._token, self._until = token, self._now() + timedelta(seconds=life or 10**9)
        return token


def standing(api: Api, token: str) -> Standing:
    """What the token is. Raises Refused for one that is expired, revoked or still wrapped; Unreachable."""
    if _wrapped(api, token):
        raise _useless("it is a wrapping token, not yet unwrapped", "vault unwrap, and use what that gives")
    answer = api.bearing(token).look("auth/token/lookup-self")
    if not answer.ok:
        raise _useless(
            "Vault does not know it (expired, revoked, or of another Vault)", "get a new one, and see vault.address"
        )
    data = answer.data
    life = data.get("ttl")
    return Standing(
        str(data.get("display_name", "")),
        tuple(str(one) for one in [*sequence(data.get("policies")), *sequence(data.get("identity_policies"))]),
        life if isinstance(life, int) and life > 0 else None,
        str(data.get("accessor", "")),
    )


def _wrapped(api: Api, token: str) -> bool:
    """Asked first, and without the token as a token: any request with a wrapping token uses it up."""
    return api.anonymous().told("post", "sys/wrapping/lookup", {"token": token}, refusals={400, 403, 404}).ok


def _useless(why: str, following: str) -> Refused:
    return Refused(f"the Vault token is of no use: {why}", undone="nothing was written", following=following)


def refuse_readers(token: str, found: Standing, stores: Iterable[tuple[str, bytes]] | None) -> None:
    """Return if nobody else lives on this token. Raises Refused where a SecretStore does.

    `stores`: the tokens of the cluster's SecretStores and their places, compared in memory; None where they may not
    be seen, and then names alone decide.
    """
    for place, theirs in stores or ():
        if hmac.compare_digest(token.encode(), theirs.strip()):
            raise _theirs(f"it is the one in {place}, which a SecretStore reads Vault with")
    named = (found.display_name, *found.policies)
    if word := next(filter(_ESO.search, named), None):
        raise _theirs(f"Vault calls it {word}, a name of the External Secrets Operator")


def _theirs(why: str) -> Refused:
    return Refused(
        f"the Vault token is not yours to write with: {why}",
        truth="it is fit for a plan that only reads; renewing or revoking it would stop every ExternalSecret",
        undone="nothing was written",
        following="set vault.token in migrate.yaml to a token of your own with the plan's policy",
    )
