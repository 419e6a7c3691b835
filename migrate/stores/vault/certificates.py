"""What a PKI engine shows: the authority that it signs with, and the certificates that bear a name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from migrate.model.json import Json, sequence
from migrate.model.ports import Unreachable
from migrate.stores.certificates import Certificate, certificate
from migrate.stores.vault.api import Answer, Api
from migrate.targets.vault import grant

_ABREAST = 16
_NONE_THERE = ("no default issuer", "unable to find PKI issuer")


def authority(api: Api, mount: str) -> dict[str, Json] | None:
    """`{until, key}`; nothing where there is none to sign with. Anybody may read it. Raises Unreachable."""
    found = _asked(api.anonymous(), f"{mount}/issuer/default/json")
    shown = certificate(str(found.data.get("certificate"))) if found.ok else None
    return {"until": shown.until.isoformat(), "key": shown.key} if shown else None


def authorities(api: Api, mount: str) -> str:
    """Every authority of a mount, one after the other, in PEM. Raises Unreachable."""
    anybody = api.anonymous()
    keys = sequence(_asked(anybody, f"{mount}/issuers", "list").data.get("keys"))
    return "".join(str(_asked(anybody, f"{mount}/issuer/{key}/json").data.get("certificate", "")) for key in keys)


@dataclass(frozen=True, slots=True)
class Issued:
    """What an engine has issued. It lists serial numbers alone, so each certificate is read, once: none ever changes.

    Only those that bear the name asked for are read again, since they may have been revoked meanwhile.
    """

    api: Api
    most: int = 20_000
    """An engine that keeps more certificates than this is not asked for each of them."""
    _read: dict[str, Certificate | None] = field(default_factory=dict)
    """By mount and serial number."""

    def bearing(self, mount: str, name: str, now: datetime) -> dict[str, Json]:
        """`{valid: [{serial, since, until, by}], revoked}` of those that have not run out.

        Raises Unreachable, also where they may not be listed, or are too many.
        """
        anybody, serials = self.api.anonymous(), self._listed(mount)
        new = [one for one in serials if f"{mount}/{one}" not in self._read]
        with ThreadPoolExecutor(_ABREAST) as readers:
            found = readers.map(lambda one: _asked(anybody, f"{mount}/cert/{one}"), new)
            for serial, answer in zip(new, found, strict=True):
                self._read[f"{mount}/{serial}"] = certificate(str(answer.data.get("certificate")))
        valid, revoked = list[Json](), list[Json]()
        for serial, shown in self._good(mount, serials, name, now):
            if _asked(anybody, f"{mount}/cert/{serial}").data.get("revocation_time"):
                revoked.append(serial)
            else:
                span = {"since": shown.since.isoformat(), "until": shown.until.isoformat()}
                valid.append({"serial": serial, **span, "by": shown.by})
        return {"valid": valid, "revoked": revoked}

    def _listed(self, mount: str) -> list[str]:
        listed = self.api.look(f"{mount}/certs", "list")
        if listed.status == 403:
            raise Unreachable(
                f"the token may not list the certificates of {mount}/",
                following=f"grant it: {grant(f'{mount}/certs', 'list')}",
            )
        serials = [str(one) for one in sequence(listed.data.get("keys"))]
        if len(serials) > self.most:
            raise Unreachable(
                f"{mount}/ keeps {len(serials)} certificates, and at most {self.most} are read one by one",
                following=f"take out those that ran out: vault write {mount}/tidy tidy_cert_store=true; or give "
                "databases a mount of their own (vault.pki in migrate.yaml)",
            )
        return serials

    def _good(self, mount: str, serials: Sequence[str], name: str, now: datetime) -> Iterator[tuple[str, Certificate]]:
        for serial in serials:
            shown = self._read[f"{mount}/{serial}"]
            if shown is not None and shown.name == name and shown.until > now:
                yield serial, shown


def _asked(anybody: Api, path: str, method: str = "get") -> Answer:
    """What everybody may read. An engine without an authority answers 500, which is no fault. Raises Unreachable."""
    answer = anybody.told(method, path, refusals={400, 403, 404, 500})
    if answer.status == 500 and not any(words in answer.errors for words in _NONE_THERE):
        raise Unreachable(f"Vault cannot answer now: {answer.errors}", following="Vault answers again")
    return answer
