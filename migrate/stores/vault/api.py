"""One request to Vault and its answer. hvac's typed calls lose fields and reset others, so only paths and bodies here.

An answer holds secrets at times: its `repr` shows the status only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Set
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from hvac.adapters import RawAdapter
from requests.adapters import HTTPAdapter

from migrate.model.errors import Refused
from migrate.model.json import Json, mapping, sequence
from migrate.model.ports import Unreachable
from migrate.stores.lost import LostError, insist_on_end, whole

_SECONDS = 30
_NOT_NOW = frozenset({408, 412, 429, 472, 473})
"""Below 500: a limit on requests, what has not reached this node yet, and a node that serves nobody (Vault's API)."""
_ABREAST = 128
"""So many connections are kept: checks of many workloads ask side by side."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Vault said. `data` is empty where there was none."""

    status: int
    body: dict[str, Json] = field(repr=False)
    wait: str = ""
    """The seconds after which it wants to be asked again, where it says so (Retry-After)."""

    @property
    def ok(self) -> bool:
        """Whether the request was carried out."""
        return 200 <= self.status < 300

    @property
    def data(self) -> dict[str, Json]:
        """What was asked for."""
        return mapping(self.body.get("data"))

    @property
    def auth(self) -> dict[str, Json]:
        """What a login gave."""
        return mapping(self.body.get("auth"))

    @property
    def errors(self) -> str:
        """Vault's own words of refusal, in one line."""
        said = [" ".join(str(one).split()) for one in sequence(self.body.get("errors"))]
        return "; ".join(one for one in said if one) or f"HTTP {self.status}"

    @property
    def its_own(self) -> bool:
        """Whether Vault wrote it: what it finds bears the request's id (its health and its own description do not),
        what it took may be empty, and what it refuses bears `errors`, or `data` of a version that was deleted."""
        if self.status == 204:
            return not self.body
        if self.ok:
            return bool(self.body.keys() & {"request_id", "initialized", "openapi"})
        return isinstance(self.body.get("errors"), list) or bool(self.body.keys() & {"data", "initialized"})

    @property
    def later(self) -> bool:
        """Whether it says nothing of what was asked, but that it cannot say now."""
        return self.status >= 500 or self.status in _NOT_NOW


class _Session(requests.Session):
    """Goes along to another node of Vault's, as its own clients do; the token goes with it, so never without TLS."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Where a node leads that passes everything on as it is (307); nowhere for whoever makes a reading of it."""
        target = super().get_redirect_target(resp) if resp.status_code in {307, 308} else None
        led = urlsplit(urljoin(resp.url, target or ""))
        return target if led.scheme == "https" or not resp.url.startswith("https:") else None


class Api:
    """One Vault server. `token` gives the token for each request; nobody keeps it here."""

    def __init__(self, address: str, ca: str | None, token: Callable[[], str] = str) -> None:
        self.address, self.ca, self._token = address.rstrip("/"), ca, token
        self._session = _Session()
        # Else ~/.netrc and REQUESTS_CA_BUNDLE decide whom to trust.
        self._session.trust_env = False
        self._session.mount("https://", HTTPAdapter(pool_maxsize=_ABREAST))
        self._session.verify = ca if ca else True

    def anonymous(self) -> Api:
        """The same server, asked without any token."""
        return Api(self.address, self.ca)

    def bearing(self, token: str) -> Api:
        """The same server, asked with that token."""
        return Api(self.address, self.ca, lambda: token)

    def end_token(self) -> None:
        """Revoke the token that is borne, whatever becomes of that: its time to live ends it soon anyway."""
        with suppress(LostError):
            self.ask("post", "auth/token/revoke-self")

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        """Send one request. Raises LostError where no answer came, Refused where the CA file cannot be read."""
        # hvac's whole client is made of dozens of parts that a single request has no use for (0.5 ms).
        line = RawAdapter(base_uri=self.address, token=self._token(), session=self._session, timeout=_SECONDS)
        try:
            found = line.request(method, f"/v1/{path}", json=body, raise_exception=False, stream=True)
            data = whole(found.raw, _SECONDS)
            return Answer(found.status_code, _body(data), found.headers.get("Retry-After", ""))
        except LostError as error:
            raise LostError(f"Vault at {self.address} does not answer ({error})") from None
        except requests.exceptions.SSLError as error:
            raise LostError(_untrusted(self.address, error)) from None
        except requests.exceptions.RequestException as error:
            raise LostError(f"Vault at {self.address} does not answer ({_reason(error)})") from None
        except OSError:
            # requests says so of a CA bundle that is no file.
            raise Refused(
                f"the CA file {self.ca} cannot be read",
                undone="nothing was asked",
                following="correct vault.ca in migrate.yaml",
            ) from None

    def look(self, path: str, method: str = "get", *, refused: bool = False) -> Answer:
        """The answer to a reading that is one: found, none there (404), or not allowed (403). Raises Unreachable.

        `refused`: that the engine at the path refuses what was asked (400) is an answer too.
        """
        return self.told(method, path, refusals={400, 403, 404} if refused else {403, 404})

    def told(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, refusals: Set[int] = frozenset({400, 403})
    ) -> Answer:
        """What Vault says to a request that changes nothing: it does it, or refuses with one of these.

        Raises Unreachable for everything else: that it cannot answer now, or that a proxy or somebody else speaks in
        Vault's place, is no answer.
        """
        try:
            answer = self.ask(method, path, body)
        except LostError as error:
            raise Unreachable(str(error), following="Vault answers again") from None
        if answer.its_own and answer.status in refusals:
            return answer
        if answer.later:
            raise _later(answer)
        if not answer.its_own:
            raise Unreachable(
                f"what answers at {self.address} does not answer as Vault does (HTTP {answer.status})",
                following="Vault itself answers at vault.address: see what stands before it",
            )
        if not answer.ok:
            raise Unreachable(f"Vault does not answer that: {answer.errors}", following="see Vault's log")
        return answer


def _later(answer: Answer) -> Unreachable:
    if "sealed" in answer.errors or answer.body.get("sealed") is True:
        return Unreachable("Vault is sealed", following="vault operator unseal")
    if answer.status == 472:
        return Unreachable(
            "this Vault is the secondary of a disaster recovery, which serves nobody",
            following="set vault.address in migrate.yaml to the primary, or have it promoted",
        )
    wait = f", in {answer.wait} seconds as it says" if answer.wait.isdigit() else ""
    return Unreachable(f"Vault cannot answer now: {answer.errors}", following=f"Vault answers again{wait}")


def _body(data: bytes) -> dict[str, Json]:
    try:
        return mapping(json.loads(data)) if data else {}
    except ValueError:
        insist_on_end(data)
        return {}


def _untrusted(address: str, error: Exception) -> str:
    why = "signed by nobody trusted here" if "verify failed" in str(error) else "TLS failed"
    return f"the certificate of Vault at {address} is not trusted: {why}; set vault.ca to the CA that signed it"


def _reason(error: Exception) -> str:
    if isinstance(error, requests.exceptions.Timeout):
        return f"nothing within {_SECONDS} seconds"
    cause: BaseException = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    return str(getattr(cause, "strerror", None) or type(cause).__name__)
