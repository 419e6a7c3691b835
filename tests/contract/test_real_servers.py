"""What only real servers can show: lost answers, missing rights, and where secrets could leak."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from migrate.engine.settle import Applied, settle
from migrate.model.errors import MigrateError, Refused
from migrate.model.ports import Denied, OutcomeUnknown, Store, Unreachable
from migrate.model.target import StoreName
from migrate.stores.postgres.session import Database
from migrate.stores.postgres.store import PostgresStore
from migrate.stores.vault.api import Api
from migrate.stores.vault.store import VaultStore
from tests.contract.bench import KINDS, PASSWORD, Bench
from tests.contract.cutting import cut_after
from tests.contract.servers import CANARIES, ROOT, Servers

pytestmark = pytest.mark.lab(level="vault")

_WORDS = {"vault": b"POST ", "postgres": b"COMMIT"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_lost_answer_is_unknown_and_reading_back_settles_it(real: Bench, servers: Servers, kind: str) -> None:
    step = real.stand(kind)
    store = step.change.target.store
    port = servers.port if store == "postgres" else int(urlsplit(servers.plain).port or 0)
    with cut_after(_WORDS[store], port) as line:
        plain = servers.dsn.replace(f":{port}/", f":{line}/") + "?sslmode=disable&gssencmode=disable"
        broken: dict[StoreName, Store] = {
            "vault": VaultStore(Api(f"http://127.0.0.1:{line}", None, lambda: ROOT)),
            "postgres": PostgresStore(Database(lambda: plain)),
        }
        outcome = replace(real, stores=broken).write(step)
    real.left.append((step, real.read(step)))

    assert isinstance(outcome, OutcomeUnknown), outcome
    assert isinstance(settle(step.change, real.read(step).state), Applied)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_permission_is_named(real: Bench, servers: Servers, kind: str) -> None:
    step = real.stand(kind)
    weak: dict[StoreName, Store] = {
        "vault": VaultStore(Api(servers.vault, servers.ca, lambda: reader(servers))),
        "postgres": onlooker(servers),
    }

    outcome = replace(real, stores=weak).write(step)

    assert isinstance(outcome, Denied), outcome
    wanted = "CREATEROLE" if step.change.target.store == "postgres" else f'path "{step.change.target.path}"'
    assert wanted in outcome.following


def test_what_may_not_be_read_is_refused_with_the_rule_that_is_missing(real: Bench, servers: Servers) -> None:
    step = real.step("vault-policy")
    blind = VaultStore(Api(servers.vault, servers.ca, lambda: "not-a-token"))

    with pytest.raises(Refused) as caught:
        blind.read(step.change)

    assert f'path "{step.change.target.path}"' in caught.value.following


def test_servers_that_are_away_are_unreachable(real: Bench) -> None:
    away: dict[StoreName, Store] = {
        "vault": VaultStore(Api("https://127.0.0.1:1", None, lambda: ROOT)),
        "postgres": PostgresStore(Database(lambda: "postgresql://admin:admin-canary-93ac@127.0.0.1:1/postgres")),
    }
    for kind in ("vault-policy", "vault-login"):
        with pytest.raises(Unreachable):
            replace(real, stores=away).read(real.step(kind))


def test_a_server_signed_by_nobody_trusted_is_not_spoken_to(real: Bench, servers: Servers) -> None:
    stranger = VaultStore(Api(servers.vault, None, lambda: ROOT))

    with pytest.raises(Unreachable, match="not trusted"):
        stranger.read(real.step("vault-policy").change)


def test_no_password_is_seen_anywhere(
    real: Bench, servers: Servers, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    said = list[str]()
    with caplog.at_level(logging.DEBUG):
        for kind in KINDS:
            real.take(real.step(kind))
        weak = replace(real, stores={"vault": VaultStore(Api(servers.vault, servers.ca, lambda: reader(servers)))})
        said += [repr(weak.write(real.step("database-connection")))]
        said += [repr(real.stores), repr(real.left)]
        said += [failing(servers, dsn) for dsn in ("postgresql://admin:%zz-admin-canary-93ac@", servers.dsn + "x")]
    said += [caplog.text, logs(servers)]

    for canary in (*CANARIES, PASSWORD):
        for text in said:
            assert canary not in text
        assert canary.encode() not in arguments()


def failing(servers: Servers, dsn: str) -> str:
    """What is said of a DSN that is none, or leads nowhere."""
    with pytest.raises(MigrateError) as caught:
        PostgresStore(Database(lambda: dsn)).identity()
    error = caught.value
    return f"{error!r} {error.happened} {error.truth} {error.following} {error.__cause__!r}"


def logs(servers: Servers) -> str:
    """What PostgreSQL logged: every statement, as it was set up."""
    return (Path(servers.ca).parents[1] / "pg.log").read_text()


def arguments() -> bytes:
    """The arguments of every process of this machine but the test's own servers."""
    lines = [one.read_bytes() for one in Path("/proc").glob("[0-9]*/cmdline") if one.exists()]
    return b"\n".join(line for line in lines if b"-dev-root-token-id" not in line)


def reader(servers: Servers) -> str:
    """A token that may read everything and write nothing."""
    root = Api(servers.vault, servers.ca, lambda: ROOT)
    root.ask("post", "sys/policies/acl/reader", {"policy": 'path "*" { capabilities = ["read"] }'})
    return str(root.ask("post", "auth/token/create", {"policies": ["reader"]}).auth["client_token"])


def onlooker(servers: Servers) -> PostgresStore:
    """An administrator who is none."""
    if not servers.sql("select 1 from pg_roles where rolname = 'onlooker'"):
        servers.sql("CREATE ROLE onlooker LOGIN PASSWORD 'onlooker'")
    dsn = f"postgresql://onlooker:onlooker@127.0.0.1:{servers.port}/postgres"
    return PostgresStore(Database(lambda: dsn))
