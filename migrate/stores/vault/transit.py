"""One key of Vault's Transit engine, asked in batches. Values go into a request's body and come out of its answer."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from migrate.model.errors import Refused
from migrate.model.json import Json, items, text
from migrate.model.ports import Unreachable
from migrate.sealing.ports import Unreadable
from migrate.stores.lost import LostError
from migrate.stores.vault.api import Answer, Api
from migrate.targets.vault import grant

_MOST = 250
"""Values in one request. OpenBao (2.6) refuses a body of more than a thousand strings, and each value takes two."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as `Cipher`. `path` is `MOUNT/keys/NAME`, as plans name it."""

    api: Api
    path: str

    def encrypt(self, values: Sequence[str]) -> list[str]:
        """The ciphertexts, in order. Raises Unreachable, Refused."""
        found = self._asked("encrypt", [{"plaintext": b64encode(one.encode()).decode()} for one in values])
        return [self._insisted(one, "ciphertext") for one in found]

    def decrypt(self, sealed: Sequence[str]) -> list[str | Unreadable]:
        """The values, in order. Raises Unreachable, Refused."""
        return [_opened(one) for one in self._asked("decrypt", [{"ciphertext": one} for one in sealed])]

    def rewrap(self, sealed: Sequence[str]) -> list[str]:
        """The same values under the newest version, in order. Raises Unreachable, Refused."""
        found = self._asked("rewrap", [{"ciphertext": one} for one in sealed])
        return [self._insisted(one, "ciphertext") for one in found]

    def _asked(self, verb: str, batch: list[dict[str, str]]) -> list[dict[str, Json]]:
        starts = range(0, len(batch), _MOST)
        return [one for start in starts for one in self._answered(verb, batch[start : start + _MOST])]

    def _answered(self, verb: str, batch: list[dict[str, str]]) -> list[dict[str, Json]]:
        path = f"/{verb}/".join(self.path.rsplit("/keys/", 1))
        try:
            answer = self.api.ask("post", path, {"batch_input": batch})
        except LostError as error:
            raise Unreachable(str(error), following="Vault answers again") from None
        found = items(answer.data.get("batch_results"))
        if len(found) != len(batch):
            raise _refused(answer, path, verb)
        return found

    def _insisted(self, result: dict[str, Json], field: str) -> str:
        """What must be there: a value without it would be lost."""
        if found := text(result.get(field)):
            return found
        raise Refused(
            f"Vault did not answer with a {field} for a row: {text(result.get('error')) or 'it says not why'}",
            undone="the batch was not stored",
            following=f"vault read {self.path}",
        )


def _opened(result: dict[str, Json]) -> str | Unreadable:
    plain = result.get("plaintext")
    if result.get("error") or not isinstance(plain, str):
        return Unreadable()
    try:
        return b64decode(plain, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return Unreadable()


def _refused(answer: Answer, path: str, verb: str) -> Refused | Unreachable:
    if answer.later or not answer.its_own:
        return Unreachable(f"Vault cannot {verb} now: {answer.errors}", following="Vault answers again")
    if answer.status == 403:
        return Refused(
            f"the token may not {verb} with {path} in Vault",
            undone="nothing was stored",
            following=f"grant it: {grant(path, 'update')}",
        )
    # Vault's words on a bad request may quote what it was sent.
    return Refused(
        f"Vault refuses to {verb} with {path} (HTTP {answer.status})",
        undone="nothing was stored",
        following="vault read " + path.replace(f"/{verb}/", "/keys/"),
    )
