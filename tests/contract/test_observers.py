"""What checks see on real servers: Vault, PostgreSQL, and a workload's own logins through all three."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

import hvac
import psycopg
import pytest

from migrate.model.change import Doc
from migrate.model.config import Config, Source, Trials
from migrate.model.errors import Refused
from migrate.model.json import Json, mapping, sequence
from migrate.model.target import parse_target
from migrate.stores.cluster.accounts import token
from migrate.stores.cluster.secrets import store_tokens
from migrate.stores.servers.opening import Servers as Opened
from migrate.stores.servers.opening import servers as opened
from migrate.stores.servers.sources import resolved
from migrate.stores.vault.api import Api
from migrate.stores.vault.product import product
from migrate.stores.vault.tokens import Minted, refuse_readers, standing
from tests.contract.bench import PASSWORD, Bench, named, on_servers
from tests.contract.cluster import ISSUER, Cluster, absent, cluster
from tests.contract.servers import OLD, ROOT, Servers

pytestmark = pytest.mark.lab(level="control")


@dataclass
class Scene:
    """The three servers as an estate's settings name them, with Phase 1's expand stage taken."""

    bench: Bench
    opened: Opened
    vault: Api
    servers: Servers
    cluster: Cluster

    def seen(self, name: str) -> dict[str, Json]:
        state = self.opened.observer.observe(parse_target(name))
        return mapping(state.value) if isinstance(state, Doc) else {"absent": True}

    def name(self, kind: str) -> str:
        return str(self.bench.step(kind).change.target)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if why := absent():
        pytest.skip(why)
    with cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.fixture
def scene(servers: Servers, there: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    bench = on_servers(tmp_path, servers)
    monkeypatch.setenv("KUBECONFIG", str(there.kubeconfig))
    (tmp_path / "token").write_text(ROOT + "\n")
    (tmp_path / "dsn").write_text(servers.dsn)
    config = Config.model_validate(
        {
            "vault": {"address": servers.vault, "ca": servers.ca, "token": {"file": str(tmp_path / "token")}},
            "database": {
                "address": f"127.0.0.1:{servers.port}", "ca": servers.ca, "admin": {"file": str(tmp_path / "dsn")},
            },
        }
    )  # fmt: skip
    found = opened(config, tmp_path, None)
    vault = Api(servers.vault, servers.ca, lambda: ROOT)
    yield Scene(bench, found, vault, servers, there)
    bench.clear()
    found.close()


def test_vault_is_seen_as_its_checks_ask(scene: Scene) -> None:
    scene.bench.stand("longer-rotation")

    health = scene.seen("vault:sys/health")
    assert health["initialized"] is True
    assert health["sealed"] is False
    assert health["trusted"] is True
    role = scene.seen(scene.name("static-role"))
    assert isinstance(role["ttl"], int)
    assert 0 < role["ttl"] <= int(str(role["rotation_period"]))
    assert datetime.fromisoformat(str(role["last_vault_rotation"])) < datetime.now(UTC)
    assert PASSWORD not in str(scene.seen(scene.name("database-connection")))
    assert scene.seen("vault:leases/database/creds/none") == {"count": 0}
    assert scene.seen("vault:policy/no-such") == {"absent": True}


def test_postgresql_is_seen_as_its_checks_ask(scene: Scene) -> None:
    owner, database = named(scene.bench.plan)
    with psycopg.connect(scene.servers.dsn, user=owner, password=OLD, dbname=database) as connection:
        connection.execute("create table mine (x int)")
        sessions = scene.seen(f"postgres:sessions/{owner}")
        connection.commit()

    assert sessions["count"] == 1
    assert sessions["clients"] == ["127.0.0.1"]
    assert datetime.fromisoformat(str(sessions["newest"])).tzinfo is not None
    assert scene.seen(f"postgres:sessions/{owner}2") == {"count": 0, "clients": []}
    assert mapping(scene.seen(f"postgres:ownership/{database}")["owners"])[owner] == 1
    assert scene.seen("postgres:ownership/no-such") == {"absent": True}
    assert isinstance(scene.seen("postgres:server/settings")["version"], int)
    rules = scene.seen("postgres:server/hba")["rules"]
    assert isinstance(rules, list)
    wanted = {"type": "host", "databases": ["all"], "users": ["all"], "address": "127.0.0.1/32"}
    (found,) = [mapping(rule) for rule in rules if mapping(rule).items() >= wanted.items()]
    assert found["method"] == "scram-sha-256"
    assert isinstance(found["line"], int)
    assert scene.seen("postgres:server/hba")["server"] == "127.0.0.1"
    assert scene.seen("postgres:server/hba")["unread"] == 0
    assert "::1/128" in [mapping(rule)["address"] for rule in rules]
    scene.servers.sql("drop table mine", database)


def test_objects_of_another_owner_are_seen(scene: Scene) -> None:
    _, database = named(scene.bench.plan)
    scene.servers.sql("create table by_admin (x int)", database)

    owners = mapping(scene.seen(f"postgres:ownership/{database}")["owners"])

    scene.servers.sql("drop table by_admin", database)
    assert owners["admin"] == 1


def test_an_address_is_seen_with_its_certificate_and_one_where_nobody_is(scene: Scene) -> None:
    found = scene.seen(f"postgres:endpoint/127.0.0.1:{scene.servers.port}")

    assert found["reachable"] is True
    assert found["tls"] is True
    assert found["trusted"] is True
    assert "127.0.0.1" in str(found["names"])
    assert scene.seen("postgres:endpoint/127.0.0.1:1") == {"reachable": False}


def test_vault_says_that_it_is_vault(scene: Scene) -> None:
    assert product(scene.vault).startswith("Vault 1.")


class _OpenBao(BaseHTTPRequestHandler):
    """The head of what OpenBao answers, as its source has it (sdk/framework/openapi.go)."""

    def do_GET(self) -> None:
        body = json.dumps({"openapi": "3.0.2", "info": {"title": "OpenBao API", "version": "2.6.2"}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of its base
        """Say nothing."""


def test_openbao_is_named_where_it_answers_as_one() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _OpenBao) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            assert product(Api(f"http://127.0.0.1:{server.server_address[1]}", None)) == "OpenBao 2.6.2"
        finally:
            server.shutdown()
            thread.join(10)


def test_vault_connects_anew_when_asked_and_says_why_where_it_cannot(scene: Scene) -> None:
    at = scene.name("database-connection").replace("/config/", "/reach/")
    assert scene.seen(at) == {"absent": True}

    scene.bench.stand("static-role")

    assert scene.seen(at) == {"reached": True}
    login = scene.bench.step("vault-login").change.target.name
    assert scene.seen(f"postgres:sessions/{login}")["count"] != 0
    scene.servers.sql(f"alter role {login} nologin")
    try:
        found = scene.seen(at)
    finally:
        scene.servers.sql(f"alter role {login} login")
    assert found["reached"] is False
    assert "not permitted to log in" in str(found["why"])
    assert PASSWORD not in str(found)


def test_vault_trusts_the_ca_that_the_connection_carries(scene: Scene) -> None:
    scene.bench.stand("static-role")
    details = mapping(scene.seen(scene.name("database-connection"))["connection_details"])
    assert "sslmode=verify-full" in str(details["connection_url"])
    assert "BEGIN CERTIFICATE" in str(details["tls_ca"])


def test_the_workload_logs_in_to_vault_and_to_the_database(scene: Scene) -> None:
    scene.bench.stand("longer-rotation")
    namespace, account = _account(scene)
    owner, database = named(scene.bench.plan)
    path = scene.bench.step("static-role").change.target.path.replace("static-roles", "static-creds")
    audience = _audience(scene)
    asked = {"role": scene.bench.step("jwt-role").change.target.path, "audience": audience}

    login = scene.seen(f"cluster:LoginAs/{namespace}/{account}?{urlencode(asked)}")
    reading = {**asked, "path": path, "database": database}
    connected = scene.seen(f"cluster:DatabaseLogin/{namespace}/{account}?{urlencode(reading)}")

    assert login["allowed"] is True, login
    assert set(sequence(login["policies"])) == {"default", scene.bench.step("vault-policy").change.target.name}
    new = scene.bench.step("new-login").change.target.name
    assert connected == {"allowed": True, "session": new, "current": owner}
    wrong = scene.seen(f"cluster:LoginAs/{namespace}/{account}?{urlencode({**asked, 'audience': 'https://other'})}")
    assert wrong["allowed"] is False
    assert "audience" in str(wrong["why"])
    assert wrong["issuer"] == ISSUER
    assert wrong["key"]
    scene.cluster.make(f"/api/v1/namespaces/{namespace}/serviceaccounts", metadata={"name": "default"})
    stranger = f"cluster:LoginAs/{namespace}/default?{urlencode(asked)}"
    assert "subject" in str(scene.seen(stranger)["why"])
    mount = scene.bench.step("jwt-role").change.target.kind.removesuffix("/role")
    for settings, word in (
        ({"bound_issuer": "https://other"}, "issuer"),
        ({"jwt_validation_pubkeys": [_other()]}, "key"),
    ):
        was = {"jwt_validation_pubkeys": [scene.cluster.public], "bound_issuer": ISSUER}
        assert scene.vault.ask("post", f"{mount}/config", was | settings).ok
        assert word in str(scene.seen(stranger)["why"])
        assert scene.vault.ask("post", f"{mount}/config", dict(was)).ok
    assert scene.seen(f"cluster:LoginAs/{namespace}/no-such?{urlencode(asked)}") == {"absent": True}


def test_the_old_login_is_tried_with_what_its_secret_holds(scene: Scene) -> None:
    owner, database = named(scene.bench.plan)
    scene.cluster.make("/api/v1/namespaces", metadata={"name": "old"})
    for name, value in (("good", OLD), ("stale", "stale-canary-17")):
        encoded = base64.b64encode(value.encode()).decode()
        scene.cluster.make("/api/v1/namespaces/old/secrets", metadata={"name": name}, data={"password": encoded})
    asked = urlencode({"key": "password", "login": owner, "database": database})

    assert scene.seen(f"cluster:OldLogin/old/good?{asked}") == {"allowed": True, "session": owner, "current": owner}
    stale = scene.seen(f"cluster:OldLogin/old/stale?{asked}")
    assert stale["allowed"] is False
    assert "password authentication failed" in str(stale["why"])
    assert "canary" not in str(stale)
    other = scene.seen(f"cluster:OldLogin/old/good?{asked.replace('key=password', 'key=other')}")
    assert other == {"allowed": False, "why": "it has no key other"}
    assert scene.seen(f"cluster:OldLogin/old/none?{asked}") == {"absent": True}


def test_an_issued_login_lives_its_whole_life_and_leaves_nothing(
    servers: Servers, there: Cluster, scene: Scene, tmp_path: Path
) -> None:
    dynamic = replace(scene, bench=on_servers(tmp_path / "dynamic", servers, "dynamic"))
    made = [step for step in dynamic.bench.plan.steps if step.stage == "expand" and step.change.target.store != "git"]
    for step in made:
        dynamic.bench.take(step)
    asked = _cycle(dynamic)
    owner, _ = named(dynamic.bench.plan)
    try:
        namespace, account = _account(dynamic)
        # As the operator where the account is not there, as the workload where it is.
        for who in (f"{namespace}/not-there-yet", f"{namespace}/{account}"):
            found = dynamic.seen(f"cluster:RevokeCycle/{who}?{asked}")
            assert found == {"issued": True, "left": [], "current": owner, "owner": owner}
        role = dynamic.bench.step("dynamic-role").change
        assert isinstance(role.after, Doc)
        halting = mapping(role.after.value) | {"revocation_statements": ["select 1;"]}
        assert dynamic.vault.ask("post", role.target.path, dict(halting)).ok
        (left,) = sequence(dynamic.seen(f"cluster:RevokeCycle/{namespace}/not-there-yet?{asked}")["left"])
        servers.sql(f'drop role "{left}"')
        statements = sequence(mapping(role.after.value)["creation_statements"])
        acting_as_itself = [one for one in statements if "SET role" not in str(one)]
        itself = mapping(role.after.value) | {"creation_statements": acting_as_itself}
        assert dynamic.vault.ask("post", role.target.path, dict(itself)).ok
        assert dynamic.seen(f"cluster:RevokeCycle/{namespace}/not-there-yet?{asked}")["current"] != owner
        assert dynamic.vault.ask("post", role.target.path, dict(mapping(role.after.value))).ok
    finally:
        dynamic.bench.clear()
    assert servers.sql("select rolname from pg_roles where rolname like 'v-%'") == []


def _cycle(scene: Scene) -> str:
    role = scene.bench.step("jwt-role").change.target.path
    path = scene.bench.step("dynamic-role").change.target.path.replace("/roles/", "/creds/")
    asked = {"role": role, "audience": _audience(scene), "path": path, "database": named(scene.bench.plan)[1]}
    return urlencode(asked)


def test_a_trial_that_is_switched_off_is_not_made(scene: Scene) -> None:
    observer = replace(scene.opened.observer, trials=Trials(issuedLogin=False))
    state = observer.observe(parse_target("cluster:RevokeCycle/a/b?role=x&audience=y&path=z&database=w"))
    assert isinstance(state, Doc)
    assert state.value == {"off": "trials.issuedLogin"}


def _other() -> str:
    """A public key that signs nothing here."""
    made = ("openssl", "genrsa", "2048")
    private = subprocess.run(made, check=True, capture_output=True).stdout
    shown = subprocess.run(("openssl", "rsa", "-pubout"), input=private, check=True, capture_output=True)
    return shown.stdout.decode()


def _account(scene: Scene) -> tuple[str, str]:
    """The plan's ServiceAccount, made; Vault trusts the key that its tokens are signed with."""
    role = scene.bench.step("jwt-role").change
    state = mapping(role.after.value) if isinstance(role.after, Doc) else {}
    _, _, namespace, account = str(state["bound_subject"]).split(":")
    scene.cluster.make("/api/v1/namespaces", metadata={"name": namespace})
    scene.cluster.make(f"/api/v1/namespaces/{namespace}/serviceaccounts", metadata={"name": account})
    settings = {"jwt_validation_pubkeys": [scene.cluster.public], "bound_issuer": ISSUER}
    assert scene.vault.ask("post", f"{role.target.kind.removesuffix('/role')}/config", settings).ok
    return namespace, account


def _audience(scene: Scene) -> str:
    role = scene.bench.step("jwt-role").change.after
    bound = mapping(role.value)["bound_audiences"] if isinstance(role, Doc) else []
    return str(bound[0]) if isinstance(bound, list) else ""


def test_the_token_says_who_it_is_and_a_made_up_one_is_refused(scene: Scene) -> None:
    assert scene.opened.standing().policies == ("root",)
    stranger = Api(scene.servers.vault, scene.servers.ca, lambda: "hvs.made-up")
    with pytest.raises(Refused, match="does not know it"):
        standing(stranger, "hvs.made-up")


def test_a_wrapped_token_is_explained_and_not_used_up(scene: Scene) -> None:
    wrapped = wrapping(scene)
    with pytest.raises(Refused, match="wrapping token"):
        standing(scene.vault, wrapped)
    unwrapped = scene.vault.bearing(wrapped).ask("post", "sys/wrapping/unwrap")
    assert unwrapped.ok


def wrapping(scene: Scene) -> str:
    """A token inside a wrapping token."""
    client = hvac.Client(url=scene.servers.vault, token=ROOT, verify=scene.servers.ca)
    made = client.write_data("auth/token/create", data={"policies": ["default"]}, wrap_ttl="60s")
    client.adapter.close()
    return str(made["wrap_info"]["token"])


def test_a_token_with_a_name_of_external_secrets_is_refused_for_writing(scene: Scene) -> None:
    made = scene.vault.ask("post", "auth/token/create", {"policies": ["default"], "display_name": "eso"}).auth
    theirs = str(made["client_token"])

    with pytest.raises(Refused, match="not yours to write with"):
        refuse_readers(theirs, standing(scene.vault, theirs), store_tokens(scene.cluster.api()))
    refuse_readers(ROOT, standing(scene.vault, ROOT), [])


def test_a_token_that_a_store_reads_with_is_refused_by_its_place(scene: Scene) -> None:
    with pytest.raises(Refused, match="Secret eso/reader") as caught:
        refuse_readers(ROOT, standing(scene.vault, ROOT), [("Secret eso/reader", ROOT.encode())])
    assert ROOT not in f"{caught.value!r} {caught.value.happened} {caught.value.following}"


def test_a_locked_vault_of_the_operator_names_the_command_that_opens_it(servers: Servers, tmp_path: Path) -> None:
    source = Source(file="~/no/such/token", unlock="tazpod unlock")
    with pytest.raises(Refused) as caught:
        resolved(source, "the Vault token", "vault.token", tmp_path)
    assert caught.value.following == "unlock it: tazpod unlock"


def test_a_command_that_fails_does_not_show_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        resolved(Source(command="sh -c 'echo half-a-canary; exit 3'"), "the Vault token", "vault.token", tmp_path)
    assert "half-a-canary" not in caught.value.happened
    assert resolved(Source(command="echo whole"), "x", "y", tmp_path) == "whole"


def test_vault_without_tls_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not https"):
        opened(Config.model_validate({"vault": {"address": "http://127.0.0.1:8200"}}), tmp_path, None)


def test_a_login_with_a_jwt_mints_a_token_that_is_revoked_at_the_end(scene: Scene) -> None:
    scene.bench.stand("longer-rotation")
    role = scene.bench.step("jwt-role").change.target
    namespace, account = _account(scene)
    anonymous = scene.vault.anonymous()

    def jwt() -> str:
        return str(token(scene.cluster.api(), f"{namespace}/{account}", _audience(scene)))

    mount = role.kind.removeprefix("auth/").removesuffix("/role")
    minted = Minted(anonymous, mount, role.name, jwt, lambda: datetime.now(UTC))
    bearer = minted()
    assert minted() == bearer
    assert scene.vault.bearing(bearer).look("auth/token/lookup-self").ok

    minted.revoke()

    assert scene.vault.bearing(bearer).look("auth/token/lookup-self").status == 403


def test_a_release_that_is_not_there_is_not_rendered(scene: Scene) -> None:
    edits = '{"patch":[],"places":[]}'
    assert scene.seen(f"cluster:Rendered/watch/stack?{edits}") == {"absent": True}
