"""A table in the lab's PostgreSQL, and its application: it writes as it was last deployed, when it is asked to."""

from __future__ import annotations

import base64
import uuid
from contextlib import suppress

from migrate.lab.web import Unwelcome
from tests.labworld import Lab

DATABASE = "notes"
PLAINTEXT = "faults-canary-6e2a"
"""What every row holds."""
QUERY = (
    "select attname from pg_attribute where attrelid = 'entries'::regclass and attname = 'body_sealed' "
    "and not attisdropped union all select tgname from pg_trigger where tgname like 'mig%'"
)
"""What is new in it."""
_KEY = "/v1/transit/keys/mig-apps-memo"
_ROWS = 40
_VERSIONS = {
    "reads both and writes both": "both",
    "neither reads nor writes the plaintext": "sealed",
    "writes the plaintext alone": "plain",
}


def fresh(lab: Lab) -> None:
    """The table as it was, and no key, whatever the last run left of them."""
    with suppress(Unwelcome):
        lab.vault.ask("POST", f"{_KEY}/config", {"deletion_allowed": True})
        lab.vault.ask("DELETE", _KEY)
    for words in ("drop database if exists notes with (force)", "create database notes"):
        _sql(lab, words, "postgres")
    fill = f"insert into entries select n, '{PLAINTEXT} ' || n from generate_series(1, {_ROWS}) n"
    _sql(lab, f"create table entries (id int primary key, body text); {fill}")


def deployed(lab: Lab, asked: str) -> None:
    """The version that a command asks for is deployed, and writes a row."""
    for words, version in _VERSIONS.items():
        if words in asked:
            _write(lab, version)


def _write(lab: Lab, version: str) -> None:
    body = f"{PLAINTEXT} {uuid.uuid4()}"  # what says the same as before was not written
    values = {"body": f"'{body}'", "body_sealed": f"'{_sealed(lab, body)}'" if version != "plain" else ""}
    wanted = {"plain": ["body"], "both": ["body", "body_sealed"], "sealed": ["body_sealed"]}[version]
    _sql(lab, f"update entries set {', '.join(f'{one} = {values[one]}' for one in wanted)} where id = 1")


def _sealed(lab: Lab, body: str) -> str:
    plaintext = base64.b64encode(body.encode()).decode()
    made = lab.vault.ask("POST", "/v1/transit/encrypt/mig-apps-memo", {"plaintext": plaintext})
    return str(made["data"]["ciphertext"])


def _sql(lab: Lab, words: str, database: str = DATABASE) -> None:
    lab.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-", text=words)
