"""Phase 3 on a full lab: Grafana and PostgreSQL know each other by certificates, there, back, and there again.

From a Secret with the password, and from where phase 1 has ended; and while one authority follows another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from migrate.catalog import shelf
from migrate.checks.answer import Inconclusive, Pass, Question
from migrate.checks.catalogue import check_for
from migrate.lab import down
from migrate.model.json import mapping
from migrate.stores.vault.api import Api
from migrate.stores.vault.certificates import authorities
from migrate.stores.vault.observer import VaultObserver
from migrate.targets.pki import client_role
from tests.contract.mutual import lists, new_authority
from tests.labworld import Lab, start, until
from tests.live.mutual import AUTHORITIES, Pods, Server, server_pair, trusting, vault
from tests.live.operator import Operator, seated
from tests.live.stranger import Stranger

TAZLAB = Path(__file__).parents[3] / "shared" / "estates" / "tazlab-k8s"
pytestmark = [pytest.mark.lab(level="full"), pytest.mark.timeout(3000), pytest.mark.proof]

EXAMPLE = shelf("examples") / "tazlab"
ESTATES = [pytest.param(EXAMPLE, id="example"), pytest.param(TAZLAB, id="first-user")]
LOGIN, OWNER, NAME = "grafana-cert", "grafana", "mig-monitoring-grafana-cert"
ROLE, DEPLOYMENT = f"pki/roles/{NAME}", "monitoring/kube-prometheus-stack-grafana"
LIFE, LONGER, SHORT = 168 * 3600, 240, 100
"""Seconds that a certificate lives by the plan, and while a test lives through a renewal, and through many."""
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
    left: str = OWNER
    """The login that Grafana has before."""

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
            return found if found not in before and self.server.serials() == {found} else ""

        return str(until("another certificate in use", new, 300))


def prepared(lab: Lab, folder: Path, capsys: pytest.CaptureFixture[str], set_: pytest.MonkeyPatch) -> Scene:
    pods = Pods(lab, DEPLOYMENT)
    until("Grafana", lambda: pods.who() == {f"{OWNER}|{OWNER}"}, 600)
    operator, api = seated(lab, folder, capsys, set_), vault(lab)
    server = trusting(lab, folder)
    return Scene(operator, server, api, pods, Stranger(lab, folder, server.host, LOGIN), folder / "plan.json")


@pytest.mark.parametrize("estate", ESTATES)
def test_grafana_logs_in_by_certificate_there_back_and_there_again(
    estate: Path, labs_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not estate.is_dir():
        pytest.skip("the estates do not lie beside the project")
    assert labs_home.is_dir()
    with lab_of(estate) as lab:
        there_back_and_there(prepared(lab, tmp_path, capsys, monkeypatch), lived_through)


def test_after_phase_1_it_leaves_the_login_that_vault_rotates_goes_back_to_it_and_leaves_it_again(
    labs_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert labs_home.is_dir()
    with lab_of(EXAMPLE) as lab:
        scene = prepared(lab, tmp_path, capsys, monkeypatch)
        first = scene.operator.approved("phase1", tmp_path / "phase1.json")
        assert scene.operator.go_on(first) == "done"
        scene.left = f"{OWNER}_vault"
        until("the login of phase 1", lambda: scene.pods.who() == {f"{scene.left}|{OWNER}"}, 300)
        there_back_and_there(scene, lambda _: None)


def test_nobody_is_shut_out_while_another_authority_takes_over(
    labs_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert labs_home.is_dir()
    with lab_of(EXAMPLE) as lab:
        scene = prepared(lab, tmp_path, capsys, monkeypatch)
        with scene.pods.watched():
            there(scene, rotated, LONGER)
        assert scene.pods.failed == []
        nothing_secret_in(tmp_path / "state", scene)


def there_back_and_there(scene: Scene, meanwhile: Callable[[Scene], None]) -> None:
    """Everybody who is ready is asked as whom it is logged in, all along, and always has an answer."""
    scene.pods.answered.clear()
    with scene.pods.watched():
        before = scene.tree, scene.server.rules
        digest = there(scene, meanwhile)
        assert scene.operator.type("rollback") in {0, 4, 7}, scene.operator.said()
        assert scene.operator.go_on(digest) == "rolled-back"
        until("the old rules", lambda: (scene.tree, scene.server.rules) == before)
        undone(scene)
        there(scene, lambda _: None)
    assert scene.pods.failed == []
    assert set(scene.pods.answered) == {f"{scene.left}|{OWNER}", f"{LOGIN}|{OWNER}"}
    nothing_secret_in(scene.plan.parent / "state", scene)


def there(scene: Scene, meanwhile: Callable[[Scene], None], life: int = SHORT) -> str:
    """A plan of its own, to the end; certificates live so long while somebody looks, and as planned after that.

    Gives its digest.
    """
    operator = scene.operator
    digest = operator.approved("phase3", scene.plan)
    operator.go_on(digest, lambda _: mapping(operator.standing()["held"]).get("by") == APPLIED)
    scene.lives(life)
    operator.merge()
    until("Grafana's certificate", lambda: scene.pods.who() == {f"{LOGIN}|{OWNER}"}, 300)
    meanwhile(scene)
    scene.lives(LIFE)
    until("one that lives as planned", lambda: scene.next() and scene.stranger.lasts(LIFE - 3600), 600)
    assert operator.go_on(digest) == "done"
    assert scene.pods.who() == {f"{LOGIN}|{OWNER}"}
    assert scene.stranger.psql().stdout.strip() == f"{LOGIN}|{OWNER}"
    assert scene.server.sql(f"select rolcanlogin from pg_roles where rolname = '{scene.left}'") == "f"
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


def rotated(scene: Scene) -> None:
    """Another authority takes over in the order of docs/phase3.md, goes back from the middle, and takes over again.

    A psql that has what is in the pod, and nothing else, logs in all along.
    """
    api, server = scene.api, scene.server
    only_first = {"PGSSLROOTCERT": str(server.lab.world.credential("ca.crt"))}
    first, before = str(api.look("pki/config/issuers").data["default"]), server.shown
    with replace(scene.stranger, folder=scene.stranger.folder / "again").coming_again(scene.pods) as wrong:
        second = new_authority(api, "second")
        until("every authority in the pod", lambda: known(scene), 600)
        server.trusts(api)
        after = server_pair(api, second, before[0])
        taken_over(scene, second, "second", after, lambda: None)  # with the next renewal
        assert scene.stranger.psql(**only_first).returncode != 0, "the server's is of the second"
        taken_over(scene, first, "migrate lab", before, scene.pods.anew)
        assert scene.stranger.psql(**only_first).returncode == 0
        taken_over(scene, second, "second", after, scene.pods.anew)
        left_behind(scene, first)
    assert wrong == []


def known(scene: Scene) -> bool:
    """The pod has the authorities of the mount, and no others."""
    return scene.pods.file(AUTHORITIES).split() == authorities(scene.api, "pki").split()


def taken_over(scene: Scene, issuer: str, name: str, pair: tuple[str, str], sooner: Callable[[], None]) -> None:
    """From now on this authority signs; Grafana has a certificate of it, and the server this one."""
    assert scene.api.ask("post", "pki/config/issuers", {"default": issuer}).ok
    sooner()
    until(f"a certificate by {name} in use", lambda: scene.next() and name in scene.stranger.signed_by(), 600)
    scene.server.shows(pair)
    assert scene.stranger.psql().stdout.strip() == f"{LOGIN}|{OWNER}"


def revoked(scene: Scene) -> None:
    """Whatever the gate names as good still and not of the authority that signs now."""
    looking, about = VaultObserver(scene.api, lambda: datetime.now(UTC)), {"pki_mount": "pki", "new_login": LOGIN}
    gate = check_for("pki.one-authority")
    while isinstance(said := gate.ask(looking, Question(about, datetime.now(UTC))), Inconclusive):
        named = re.findall(r"serial_number=([0-9a-f:]+)", said.settles)
        assert named, said
        for one in named:
            assert scene.api.ask("post", "pki/revoke", {"serial_number": one}).ok
    assert isinstance(said, Pass), said


def left_behind(scene: Scene, issuer: str) -> None:
    """What that authority signed opens nothing any more, and nobody trusts it."""
    revoked(scene)
    scene.server.trusts(scene.api)
    made = scene.api.ask("post", f"pki/issuer/{issuer}/issue/{NAME}", {"common_name": LOGIN}).data
    old = scene.stranger.kept(f"{made['private_key']}\n{made['certificate']}\n")
    assert scene.stranger.psql(**old).stdout.strip() == f"{LOGIN}|{OWNER}"
    scene.server.trusts(scene.api, str(scene.api.look(f"pki/issuer/{issuer}/json").data["certificate"]))
    assert "unknown ca" in scene.stranger.psql(**old).stderr
    assert scene.api.ask("delete", f"pki/issuer/{issuer}").ok
    scene.pods.anew()
    until("no trace of it in the pod", lambda: known(scene), 600)
    scene.server.trusts(scene.api)
    scene.next()
    assert scene.stranger.psql().stdout.strip() == f"{LOGIN}|{OWNER}"


def undone(scene: Scene) -> None:
    """A client that is not ours finds the old way, and nothing of the new one."""
    until("the old login", lambda: scene.pods.who() == {f"{scene.left}|{OWNER}"}, 300)
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
