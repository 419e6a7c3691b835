"""Phase 3 on a full lab: Grafana and PostgreSQL know each other by certificates, there, back, and there again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from migrate.catalog import shelf
from migrate.lab import down
from migrate.model.json import mapping
from migrate.stores.vault.api import Api
from migrate.targets.pki import client_role
from tests.contract.mutual import lists
from tests.labworld import Lab, start, until
from tests.live.mutual import Pods, Server, Stranger, furnished, operating, vault
from tests.live.operator import Operator, seated

TAZLAB = Path(__file__).parents[3] / "shared" / "estates" / "tazlab-k8s"
pytestmark = [pytest.mark.lab(level="full"), pytest.mark.timeout(3000), pytest.mark.proof]

ESTATES = [pytest.param(shelf("examples") / "tazlab", id="example"), pytest.param(TAZLAB, id="first-user")]
LOGIN, OWNER, NAME = "grafana-cert", "grafana", "mig-monitoring-grafana-cert"
ROLE, DEPLOYMENT = f"pki/roles/{NAME}", "monitoring/kube-prometheus-stack-grafana"
LIFE, SHORT = 168 * 3600, 100
"""Seconds that a certificate lives by the plan, and while a test lives through its renewals."""
APPLIED = "gitops.applied.present-certificate"


@contextmanager
def lab_of(estate: Path) -> Iterator[Lab]:
    """A full lab with that estate, gone at the end: what happens to its servers here is nobody else's."""
    made = start("p3", estate)
    try:
        yield made
    finally:
        down.down(made.world)


@dataclass
class Scene:
    """One estate on its lab: who types, who runs the servers, and two strangers."""

    operator: Operator
    server: Server
    api: Api
    pods: Pods
    stranger: Stranger
    plan: Path

    def lives(self, seconds: int) -> None:
        """What the role issues from now on lives so long."""
        assert self.api.ask("post", ROLE, dict(client_role(LOGIN, seconds))).ok

    @property
    def tree(self) -> str:
        """What Git holds: a tree's name says what is in it."""
        return self.operator.git("rev-parse", "HEAD^{tree}").strip()

    def next(self, *before: str) -> str:
        """The serial number of the first certificate that Grafana shows and that is none of these, copied as well."""

        def new() -> str:
            found = self.stranger.took(self.pods)
            return found if found not in before and self.pods.serials() == {found} else ""

        return str(until("another certificate in use", new, 300))


def prepared(lab: Lab, folder: Path, capsys: pytest.CaptureFixture[str], set_: pytest.MonkeyPatch) -> Scene:
    pods = Pods(lab, DEPLOYMENT)
    until("Grafana", lambda: pods.who() == {f"{OWNER}|{OWNER}"}, 600)
    operator, api = seated(lab, folder, capsys, set_), vault(lab)
    server = furnished(lab, api, folder)
    return Scene(operator, server, api, pods, Stranger(lab, folder, server.host, LOGIN), folder / "plan.json")


@pytest.mark.parametrize("estate", ESTATES)
def test_grafana_logs_in_by_certificate_there_back_and_there_again(
    estate: Path, labs_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not estate.is_dir():
        pytest.skip("the estates do not lie beside the project")
    assert labs_home.is_dir()
    with lab_of(estate) as lab:
        scene = prepared(lab, tmp_path, capsys, monkeypatch)
        with operating(scene.server), scene.pods.watched():
            before = scene.tree, scene.server.rules
            digest = there(scene, lived_through)
            assert scene.operator.type("rollback") in {0, 4, 7}, scene.operator.said()
            assert scene.operator.go_on(digest) == "rolled-back"
            until("the old rules", lambda: (scene.tree, scene.server.rules) == before)
            undone(scene)
            there(scene, lambda _: None)
        assert scene.pods.failed == []
        assert set(scene.pods.answered) == {f"{OWNER}|{OWNER}", f"{LOGIN}|{OWNER}"}
        nothing_secret_in(tmp_path / "state", scene)


def there(scene: Scene, meanwhile: Callable[[Scene], None]) -> str:
    """A plan of its own, to the end; certificates live short while somebody looks, and as planned after that.

    Gives its digest.
    """
    operator = scene.operator
    digest = operator.approved("phase3", scene.plan)
    operator.go_on(digest, lambda _: mapping(operator.standing()["held"]).get("by") == APPLIED)
    scene.lives(SHORT)
    operator.merge()
    until("Grafana's certificate", lambda: scene.pods.who() == {f"{LOGIN}|{OWNER}"}, 300)
    meanwhile(scene)
    scene.lives(LIFE)
    until("one that lives as planned", lambda: scene.next() and scene.stranger.lasts(LIFE - 3600), 300)
    assert operator.go_on(digest) == "done"
    assert scene.pods.who() == {f"{LOGIN}|{OWNER}"}
    assert scene.stranger.psql().stdout.strip() == f"{LOGIN}|{OWNER}"
    assert scene.server.sql(f"select rolcanlogin from pg_roles where rolname = '{OWNER}'") == "f"
    return digest


def lived_through(scene: Scene) -> None:
    """A renewal before the end; then the certificate before is revoked, which counts once PostgreSQL has the list."""
    said, first = scene.stranger, scene.next()
    assert said.psql().stdout.strip() == f"{LOGIN}|{OWNER}"
    assert "does not match host name" in said.psql(PGHOST="elsewhere.example").stderr
    assert said.psql(PGUSER=OWNER).returncode != 0
    assert said.psql(PGSSLCERT="", PGSSLKEY="").returncode != 0
    old = said.kept()
    scene.next(first)
    assert scene.api.ask("post", "pki/revoke", {"serial_number": first}).ok
    assert said.psql(**old).stdout.strip() == f"{LOGIN}|{OWNER}", "PostgreSQL has not heard of it"
    scene.server.given("ssl_crl_file", lists(scene.api))
    assert "revoked" in said.psql(**old).stderr
    assert said.psql().stdout.strip() == f"{LOGIN}|{OWNER}"


def undone(scene: Scene) -> None:
    """A client that is not ours finds the old way, and nothing of the new one."""
    until("the old login", lambda: scene.pods.who() == {f"{OWNER}|{OWNER}"}, 300)
    assert scene.server.sql(f"select count(*) from pg_roles where rolname = '{LOGIN}'") == "0"
    assert scene.stranger.psql().returncode != 0
    for gone in (ROLE, f"sys/policies/acl/{NAME}", f"auth/jwt/role/{NAME}"):
        assert scene.api.look(gone).status == 404, gone


def nothing_secret_in(folder: Path, scene: Scene) -> None:
    """No key, token or password in what this tool wrote."""
    words = [scene.operator.lab.world.credential(name).read_text() for name in ("vault-root", "postgres-admin")]
    files = [scene.plan, *(file for file in folder.rglob("*") if file.is_file())]
    assert len(files) > 1
    for file in files:
        text = file.read_text(errors="replace")
        assert "PRIVATE KEY" not in text, file
        assert not any(word.strip() in text for word in words), file
