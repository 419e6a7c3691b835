"""Phase 3 on real servers, seen by strangers: psql and Vault's own agent. Issue, log in, renew, revoke, rotate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from migrate.checks.answer import Answer, Fail, Inconclusive, Pass, Question
from migrate.checks.catalogue import check_for
from migrate.cli.plan import read_estate
from migrate.engine.settle import Applied, settle
from migrate.model.change import Absent, Doc, State
from migrate.model.config import Config
from migrate.model.json import mapping, sequence
from migrate.model.plan import Plan
from migrate.model.ports import Unreachable, Written
from migrate.model.target import Target
from migrate.planning.make import make_plan
from migrate.planning.phases import phase_named
from migrate.planning.rights import apply_policy
from migrate.planning.servers import Servers as ServersSeen
from migrate.stores.postgres.observer import PostgresObserver
from migrate.stores.postgres.session import Database
from migrate.stores.postgres.trial import Door, Shown, tried_with_certificate
from migrate.stores.servers.observer import ServersObserver
from migrate.stores.servers.opening import servers as opened
from migrate.stores.vault.certificates import Issued, authorities
from migrate.stores.vault.observer import VaultObserver
from migrate.stores.vault.store import VaultStore
from migrate.targets.pki import client_role
from migrate.targets.shell import vault_text
from tests.contract.cluster import absent, cluster
from tests.contract.mutual import (
    EVERYONE,
    HOST,
    LOGIN,
    OURS,
    OWNER,
    Mutual,
    admitting,
    lists,
    new_authority,
    until,
)
from tests.contract.servers import OLD, ROOT

pytestmark = [pytest.mark.lab(level="vault"), pytest.mark.timeout(600)]


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Mutual]:
    """Servers of their own: their authorities and their rules change under every test."""
    with admitting(tmp_path) as servers:
        yield servers


class Looking:
    """An observer for both servers."""

    def __init__(self, found: Mutual) -> None:
        self._vault = VaultObserver(found.api, lambda: datetime.now(UTC))
        self._postgres = PostgresObserver(Database(lambda: found.servers.dsn))

    def observe(self, target: Target) -> State:
        if target.store == "cluster":
            return Absent()
        return (self._vault if target.store == "vault" else self._postgres).observe(target)


def asked(found: Mutual, gate: str) -> Answer:
    """What a gate's check says of the real servers now."""
    about = next(dict(one.about) for one in found.bench.plan.gates if one.id == gate)
    return check_for(gate).ask(Looking(found), Question(about, datetime.now(UTC)))


def test_every_step_there_and_back_leaves_the_servers_as_they_were(found: Mutual) -> None:
    assert [step.operation for step in found.steps] == ["pki-role", "vault-policy", "jwt-role", "certificate-login"]
    for step in found.steps:
        left = found.bench.take(step)
        assert isinstance(settle(step.change, left.state), Applied), step.id
        if step.change.target.store == "vault":  # the script without this tool knows its own work again
            assert isinstance(left.state, Doc)
            assert isinstance(step.change.after, Doc)
            assert vault_text(step.change.target, left.state) == vault_text(step.change.target, step.change.after)
    assert isinstance(asked(found, "pki.mount"), Pass)
    assert isinstance(asked(found, "pki.role-names"), Pass)
    while found.bench.left:
        step, last = found.bench.left.pop()
        assert isinstance(found.bench.back(step, last), Written), step.id
        assert isinstance(found.bench.read(step).state, Absent), step.id
    assert isinstance(asked(found, "pki.role-names"), Fail)


def test_what_stands_there_as_the_plan_would_make_it_is_not_planned_again(found: Mutual) -> None:
    for step in found.steps:
        found.bench.take(step)
    seen = ServersSeen("live", Looking(found).observe, (), "read now")
    again = make_plan(read_estate(found.folder / "scene/estate"), phase_named("phase3"), servers=seen)
    assert isinstance(again, Plan)
    assert {step.change.target.store for step in again.steps if step.stage == "expand"} == {"git"}
    assert sum(remark.code == "plan.stands-already" for remark in again.findings) == len(found.steps)


def test_the_role_issues_for_its_one_name_and_the_policy_reaches_nothing_else(found: Mutual) -> None:
    for step in found.steps:
        found.bench.take(step)
    token = found.api.ask("post", "auth/token/create", {"policies": [found.role]}).auth["client_token"]
    workload, path = found.api.bearing(str(token)), f"pki/issue/{found.role}"
    assert workload.ask("post", path, {"common_name": LOGIN}).ok
    for other in ("postgres", "grafana", f"x.{LOGIN}", "localhost", "*"):
        assert workload.ask("post", path, {"common_name": other, "exclude_cn_from_sans": True}).status == 400
    for more in ({"alt_names": "postgres"}, {"ip_sans": "127.0.0.1"}, {"uri_sans": "spiffe://x"}):
        assert workload.ask("post", path, {"common_name": LOGIN, **more}).status == 400
    for elsewhere in ("pki/issue/server", "pki/sign-verbatim", f"pki/sign/{found.role}", f"pki/roles/{found.role}"):
        assert workload.ask("post", elsewhere, {"common_name": LOGIN}).status == 403


def test_psql_gets_in_with_what_the_agent_wrote_and_with_nothing_else(found: Mutual) -> None:
    for step in found.steps:
        found.bench.take(step)
    with found.agent(found.folder / "files") as files:
        said = found.psql(files)
        assert said.stdout.strip() == f"{LOGIN}|{OWNER}", said.stderr
        assert (files / "db-client.pem").stat().st_mode & 0o777 == 0o400
        blocks = [line for line in (files / "db-client.pem").read_text().splitlines() if line.startswith("-----BEGIN")]
        assert "PRIVATE KEY" in blocks[0], "drivers that take one block as the key take the first"
        assert blocks[1:] == ["-----BEGIN CERTIFICATE-----"] * 2

        assert found.psql(files, PGSSLCERT="", PGSSLKEY="", PGPASSWORD=OLD).returncode != 0
        assert "does not match host name" in found.psql(files, PGHOST="elsewhere.example").stderr
        assert found.psql(files, PGUSER=OWNER).returncode != 0, "another login's rule asks for its password"
        assert found.psql(files, PGUSER=OWNER, PGPASSWORD=OLD).stdout.strip() == f"{OWNER}|{OWNER}", "the old way"

        pair, trusted = (files / "db-client.pem").read_text(), authorities(found.api, "pki")
        door = Door("127.0.0.1", found.servers.port, OWNER, "verify-full", None)
        assert tried_with_certificate(door, HOST, Shown(LOGIN, pair, trusted)) == {
            "allowed": True,
            "session": LOGIN,
            "current": OWNER,
        }
        assert tried_with_certificate(door, "elsewhere.example", Shown(LOGIN, pair, trusted))["allowed"] is False
        assert len(issued(found)) == 1
    with found.agent(files):  # as the sidecar after the init container: it finds what is there
        (files / "db-authorities.pem").unlink()
        until((files / "db-authorities.pem").exists)
        assert len(issued(found)) == 1, "no second certificate that nobody would renew"
        assert found.psql(files).returncode == 0
    assert "PRIVATE KEY" not in (found.folder / "pg.log").read_text()


def test_a_rule_that_stands_above_ours_is_seen_and_asks_for_a_password(found: Mutual) -> None:
    for step in found.steps:
        found.bench.take(step)
    assert isinstance(asked(found, "db.hba-cert"), Pass)
    with found.agent(found.folder / "files") as files:
        found.admit(EVERYONE, OURS)
        assert isinstance(asked(found, "db.hba-cert"), Fail)
        assert found.psql(files).returncode != 0
        found.admit(EVERYONE)
        assert isinstance(asked(found, "db.hba-cert"), Inconclusive)
        found.admit(OURS, EVERYONE)
        assert found.psql(files).returncode == 0


def test_a_certificate_is_renewed_before_it_ends_and_the_old_one_opens_until_it_does(found: Mutual) -> None:
    for step in found.steps:
        found.bench.take(step)
    short = client_role(LOGIN, 30) | {"not_before_duration": 1}
    assert found.api.ask("post", f"pki/roles/{found.role}", short).ok
    with found.agent(found.folder / "files") as files:
        first = (files / "db-client.pem").read_text()
        assert found.psql(files).returncode == 0
        until(lambda: (files / "db-client.pem").read_text() != first)
        for _ in range(20):
            assert found.psql(files).returncode == 0, "certificate and key are of one issue at every moment"
        (files / "first.pem").write_text(first)
        (files / "first.pem").chmod(0o600)
        old = {"PGSSLCERT": str(files / "first.pem"), "PGSSLKEY": str(files / "first.pem")}
        until(lambda: "expired" in found.psql(files, **old).stderr)
        assert found.psql(files).returncode == 0


def test_a_revocation_counts_once_postgresql_has_loaded_the_list(found: Mutual) -> None:
    for step in found.steps:
        found.bench.take(step)
    with found.agent(found.folder / "files") as files:
        (one,) = issued(found)
        assert isinstance(asked(found, "pki.revoked"), Inconclusive)
        assert found.api.ask("post", "pki/revoke", {"serial_number": one}).ok
        assert found.psql(files).returncode == 0, "PostgreSQL has not heard of it"
        assert isinstance(asked(found, "pki.revoked"), Inconclusive)

        (found.data / "revoked.pem").write_text(lists(found.api))
        found.servers.sql("alter system set ssl_crl_file = 'revoked.pem'")
        found.reload()
        assert "revoked" in found.psql(files).stderr
        assert isinstance(asked(found, "pki.revoked"), Pass)


def test_postgresql_wants_the_list_of_every_authority_and_the_default_one_is_not_enough(found: Mutual) -> None:
    for step in found.steps:
        found.bench.take(step)
    found.servers.sql("alter system set ssl_crl_file = 'revoked.pem'")
    with found.agent(found.folder / "files") as files:
        two = new_authority(found.api, "two")
        assert found.api.ask("post", "pki/config/issuers", {"default": two}).ok
        (found.data / "revoked.pem").write_text(str(found.api.look("pki/cert/crl").data["certificate"]))
        found.reload()
        assert "SSL error" in found.psql(files).stderr, "its authority has no list there"
        (found.data / "revoked.pem").write_text(lists(found.api))
        found.reload()
        assert found.psql(files).returncode == 0


def issued(found: Mutual) -> list[str]:
    """The certificates for our login that are good, as the observer lists them."""
    shown = VaultObserver(found.api, lambda: datetime.now(UTC)).observe(Target("vault", "pki/issued", LOGIN))
    assert isinstance(shown, Doc)
    return [str(mapping(one)["serial"]) for one in sequence(mapping(shown.value)["valid"])]


def test_every_certificate_of_a_mount_is_read_and_a_revocation_is_seen_afterwards(found: Mutual) -> None:
    assert found.api.ask("post", "pki/roles/many", {"allow_any_name": True, "key_type": "ec", "max_ttl": "1h"}).ok
    made = [
        found.api.ask("post", "pki/issue/many", {"common_name": name}).data
        for name in ["elsewhere.example"] * 60 + [LOGIN] * 2
    ]
    seen, now = Issued(found.api), datetime.now(UTC)
    last, one = str(made[-1]["serial_number"]), str(made[-2]["serial_number"])
    valid = {
        str(mapping(shown)["serial"]): mapping(shown) for shown in sequence(seen.bearing("pki", LOGIN, now)["valid"])
    }
    assert set(valid) == {one, last}
    assert datetime.fromisoformat(str(valid[one]["since"])) < now < datetime.fromisoformat(str(valid[one]["until"]))
    assert found.api.ask("post", "pki/revoke", {"serial_number": last}).ok
    after = seen.bearing("pki", LOGIN, now)
    assert ([mapping(shown)["serial"] for shown in sequence(after["valid"])], after["revoked"]) == ([one], [last])


def test_certificates_that_cannot_be_listed_are_said_to_be_unknown_with_what_helps(found: Mutual) -> None:
    token = found.api.ask("post", "auth/token/create", {"policies": ["default"]}).auth["client_token"]
    with pytest.raises(Unreachable) as refused:
        Issued(found.api.bearing(str(token))).bearing("pki", LOGIN, datetime.now(UTC))
    assert 'path "pki/certs" { capabilities = ["list"] }' in refused.value.following
    with pytest.raises(Unreachable, match="at most 0 are read") as refused:
        Issued(found.api, most=0).bearing("pki", LOGIN, datetime.now(UTC))
    assert "vault write pki/tidy tidy_cert_store=true" in refused.value.following


def test_the_authority_is_rotated_while_somebody_is_logged_in_at_every_step(found: Mutual) -> None:
    for step in found.steps:
        found.bench.take(step)
    with found.agent(found.folder / "files") as files:
        old = (files / "db-client.pem").read_text()
        one = authorities(found.api, "pki")
        two = new_authority(found.api, "two")
        until(lambda: (files / "db-authorities.pem").read_text().count("BEGIN CERTIFICATE") == 2)
        found.trust(authorities(found.api, "pki"))
        assert found.psql(files).returncode == 0, "both are trusted, by both sides"

        assert isinstance(only_one_authority(found), Pass)
        assert found.api.ask("post", "pki/config/issuers", {"default": two}).ok
        assert isinstance(only_one_authority(found), Inconclusive)
        (first,) = issued(found)
        (files / "db-client.pem").unlink()
    with found.agent(found.folder / "new") as files:
        assert (files / "db-client.pem").read_text() != old
        assert isinstance(only_one_authority(found), Inconclusive), "the one before is good still"
        assert found.api.ask("post", "pki/revoke", {"serial_number": first}).ok
        assert isinstance(only_one_authority(found), Pass)
        assert found.psql(files).returncode == 0, "signed by the new one"
        found.trust(one)
        assert "unknown ca" in found.psql(files).stderr, "this is what trusting both first is for"
        found.trust(authorities(found.api, "pki").replace(one, ""))
        assert found.psql(files).returncode == 0


def only_one_authority(found: Mutual) -> Answer:
    """Whether all that is good is of the authority that signs now."""
    about = {"pki_mount": "pki", "new_login": LOGIN}
    return check_for("pki.one-authority").ask(Looking(found), Question(about, datetime.now(UTC)))


def test_the_policy_of_the_run_is_enough_there_and_back_and_for_looking(found: Mutual) -> None:
    name = "phase1-0000"  # what the bench calls every plan
    text = apply_policy(found.bench.plan, name)
    assert found.api.ask("post", "sys/policies/acl/the-run", {"policy": text}).ok
    token = found.api.ask("post", "auth/token/create", {"policies": ["the-run"], "no_default_policy": True}).auth
    bearer = found.api.bearing(str(token["client_token"]))
    bench = replace(found.bench, stores={**found.bench.stores, "vault": VaultStore(bearer)}, left=[])
    for step in found.steps:
        bench.take(step)
    seen = VaultObserver(bearer, lambda: datetime.now(UTC))
    assert seen.observe(Target("vault", "pki/issued", LOGIN)) == Doc({"valid": [], "revoked": []})
    assert seen.observe(Target("vault", "sys/mounts", "pki")) == Doc({"type": "pki"})
    assert isinstance(seen.observe(Target("vault", "sys/mounts", "nothing")), Absent)
    wider = client_role("postgres", 3600)
    assert bearer.ask("post", f"pki/roles/{found.role}", wider).status == 403
    while bench.left:
        step, last = bench.left.pop()
        assert isinstance(bench.back(step, last), Written), step.id


def test_the_gate_goes_the_whole_way_as_the_workload(found: Mutual, monkeypatch: pytest.MonkeyPatch) -> None:
    if why := absent():
        pytest.skip(why)
    for step in found.steps:
        found.bench.take(step)
    (found.folder / "cluster").mkdir()
    with cluster(found.folder / "cluster") as there:
        monkeypatch.setenv("KUBECONFIG", str(there.kubeconfig))
        assert found.api.ask("post", "auth/jwt/config", {"jwt_validation_pubkeys": [there.public]}).ok
        about = next(dict(one.about) for one in found.bench.plan.gates if one.id == "db.tls-client")
        there.make("/api/v1/namespaces", metadata={"name": about["namespace"]})
        accounts = f"/api/v1/namespaces/{about['namespace']}/serviceaccounts"
        there.make(accounts, metadata={"name": about["account"]})
        with servers_as_set(found) as seen:

            def answer(**more: str) -> Answer:
                return check_for("db.tls-client").ask(seen, Question(about | more, datetime.now(UTC)))

            assert isinstance(answer(), Pass), answer()
            found.trust(elsewhere(found))
            match answer():
                case Fail(reading, fix):
                    assert "unknown ca" in reading
                    assert "ssl_ca_file" in fix
                case other:
                    pytest.fail(str(other))
            found.trust(authorities(found.api, "pki"))
            match answer(server_name="elsewhere.example"):
                case Fail(reading, fix):
                    assert "does not match" in reading
                    assert "elsewhere.example" in fix
                case other:
                    pytest.fail(str(other))
            found.admit(EVERYONE)
            assert isinstance(answer(), Inconclusive)
            found.servers.sql(f'ALTER ROLE "{LOGIN}" IN DATABASE {OWNER} RESET role')
            found.admit(OURS)
            match answer():
                case Fail(reading, fix):
                    assert f"acts as {LOGIN}" in reading
                    assert "SET role" in fix
                case other:
                    pytest.fail(str(other))


def elsewhere(found: Mutual) -> str:
    """An authority that signed nothing here."""
    found.api.ask("post", "sys/mounts/other", {"type": "pki"})
    wanted = {"common_name": "somebody else", "key_type": "ec"}
    return str(found.api.ask("post", "other/root/generate/internal", wanted).data["certificate"]) + "\n"


@contextmanager
def servers_as_set(found: Mutual) -> Iterator[ServersObserver]:
    """The three servers as an estate's settings name them, until the block ends."""
    (found.folder / "word").write_text(ROOT + "\n")
    (found.folder / "dsn").write_text(found.servers.dsn)
    vault = {"address": found.servers.vault, "ca": found.servers.ca, "token": {"file": str(found.folder / "word")}}
    database = {"address": f"127.0.0.1:{found.servers.port}", "admin": {"file": str(found.folder / "dsn")}}
    made = opened(Config.model_validate({"vault": vault, "database": database}), found.folder, None)
    try:
        yield made.observer
    finally:
        made.close()
