"""Reads a column that is to be sealed, by psql, and opens what is sealed with Vault's own program.

Every value bears its row's number, a count and a digest of both, made with a key that the application and this observer
know: what is lost, mixed up or older than it was is told, whether it stands there as plaintext or as ciphertext.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

from .eyes import Eyes

_TOGETHER = 250
"""Ciphertexts in one request."""


class Columns:
    """One column of one workload. `opened`: how many ciphertexts were opened and said what they should."""

    def __init__(self, eyes: Eyes) -> None:
        self.eyes = eyes
        self.opened = 0
        self.counts: dict[str, int] = {}
        """By row, the count that it bore last."""

    def wrong(self, wanted: str) -> Iterator[str]:
        """What is not as it should be now.

        `wanted`: `plain` (as before), `sealed` (every row has its ciphertext too), `dropped` (nothing else); empty for
        a plan that seals none.
        """
        if not wanted:
            return
        about = self.eyes.settings["column"]
        names = set(self._sql(f"select attname from pg_attribute where attrelid = '{about['relation']}'::regclass "
                              "and attnum > 0 and not attisdropped").split())  # fmt: skip
        has = {kind: about[kind] in names for kind in ("plain", "sealed")}
        if has != {"plain": wanted != "dropped", "sealed": wanted != "plain"}:
            yield f"{about['relation']} has the columns {', '.join(sorted(names))}, which is not {wanted}"
            return
        if wanted == "plain" and self._sql("select count(*) from pg_trigger where tgname like 'mig\\_%'") != "0":
            yield f"a trigger of the plan is left on {about['relation']}"
        yield from self._rows(wanted, [about[kind] if has[kind] else "null" for kind in ("plain", "sealed")])

    def _rows(self, wanted: str, shown: list[str]) -> Iterator[str]:
        about = self.eyes.settings["column"]
        query = f"select {about['key_column']}, {', '.join(shown)} from {about['relation']}"
        rows = [line.split("|") for line in self._sql(query).splitlines()]
        if len(rows) != about["rows"]:
            yield f"{about['relation']} has {len(rows)} rows instead of {about['rows']}"
        opened = self._opened([sealed for _, _, sealed in rows if sealed])
        said = [self._row(row, plain, opened.get(sealed, ""), sealed, wanted) for row, plain, sealed in rows]
        if found := [why for why in said if why]:
            yield f"{len(found)} rows of {about['relation']}: {found[0]}"
        self.opened += sum(1 for text in opened.values() if text)

    def _row(self, row: str, plain: str, opened: str, sealed: str, wanted: str) -> str:
        """What is wrong with one row; empty where nothing is."""
        if sealed and not opened:
            return f"Vault does not open what row {row} holds"
        if wanted != "plain" and not sealed:
            return f"row {row} is not sealed"
        if plain and opened and plain != opened:
            return f"row {row} says one thing as plaintext and another as ciphertext"
        said = opened or plain
        count = self._count(row, said)
        if count < self.counts.get(row, 0):
            return f"what row {row} says is {'none of its values' if count < 0 else 'older than it was'}"
        self.counts[row] = count
        return ""

    def _count(self, row: str, said: str) -> int:
        """How often the row had been written when it said this; -1 where nobody ever wrote it so."""
        number, _, rest = said.partition(".")
        count, _, digest = rest.partition(".")
        key = self.eyes.settings["column"]["mark"].encode()
        true = hmac.digest(key, f"{number}.{count}".encode(), hashlib.sha256).hex()[:32]
        return int(count) if number == row and hmac.compare_digest(digest, true) else -1

    def _opened(self, sealed: list[str]) -> dict[str, str]:
        """By ciphertext, what Vault says that it holds; empty where it does not open."""
        answer: dict[str, str] = {}
        for at in range(0, len(sealed), _TOGETHER):
            some = sealed[at : at + _TOGETHER]
            for one, found in zip(some, self._decrypted(some), strict=False):
                answer[one] = base64.b64decode(found.get("plaintext") or "").decode()
        return answer

    def _decrypted(self, some: list[str]) -> list[dict[str, Any]]:
        path = self.eyes.settings["column"]["key"].replace("/keys/", "/decrypt/", 1)
        asked = json.dumps({"batch_input": [{"ciphertext": one} for one in some]})
        words = ("vault", "write", "-format=json", path, "-")
        done = subprocess.run(words, input=asked, env=os.environ, capture_output=True, text=True, check=False)
        return list((json.loads(done.stdout or "{}").get("data") or {}).get("batch_results") or [])

    def _sql(self, query: str) -> str:
        words = ("psql", "-XAt", "-F", "|", "-d", self.eyes.settings["column"]["database"], "-c", query)
        return subprocess.run(words, env=os.environ, capture_output=True, text=True, check=False).stdout.strip()
