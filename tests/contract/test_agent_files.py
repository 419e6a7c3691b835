"""The real agent, run as a workload before there is a pod of it: what it writes, what it never leaves behind."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from migrate.checks.agent_renders import PROVES
from migrate.checks.answer import Answer, Fail, Inconclusive, Pass, Question
from migrate.checks.catalogue import CHECKS
from migrate.grants.lint import Conventions, findings
from migrate.grants.reading import read_policy
from migrate.model.config import Config, Trials
from migrate.model.json import Json, canonical
from migrate.planning.rights import apply_policy
from migrate.stores.servers import agent, keeper
from migrate.stores.servers.observer import ServersObserver
from migrate.stores.servers.opening import servers as opened
from migrate.stores.vault.api import Api
from tests.checks.looking import ABOUT, NOW
from tests.contract.cluster import ISSUER, Cluster, absent, cluster
from tests.contract.servers import ROOT, missing, program, vault
from tests.contract.test_rights import bearing
from tests.planning.estates import estate, planned

pytestmark = pytest.mark.lab(level="control")

CANARY = "rendered-canary-4c1d"
AUDIENCE = "https://vault.example.test"
NAMESPACE = "shop"
PREFIX = "vault.hashicorp.com/"
READ = '{{ with secret "secret/data/shop" }}{{ .Data.data.password }}{{ end }}'


class Scene:
    """A workload whose password is in Vault and, copied, in a Secret; its policy and its login are there."""

    def __init__(self, observer: ServersObserver, api: Api, there: Cluster) -> None:
        self.observer, self.vault, self.cluster = observer, api, there

    def ask(
        self, template: str = READ, notes: Mapping[str, str] = {}, *, comes: bool = False, policy: str = "mig-shop"
    ) -> Answer:
        """What the check says of a pod with this template. `notes`: further annotations."""
        about = ABOUT | {
            "pod": json.dumps(_changes(template, notes)),
            "namespace": NAMESPACE,
            "deployment": f"{NAMESPACE}/web",
            "account": "later" if comes else "web",
            "account_comes": "with the cutover" if comes else "",
            "audience": AUDIENCE,
            "policy": policy,
            "copies": canonical({"/vault/secrets/password": f"{NAMESPACE}/web/password"}).decode(),
        }
        check = CHECKS["agent.renders"]
        answer = check.ask(self.observer, Question({name: about[name] for name in check.needs}, NOW))
        assert CANARY not in repr(answer)
        assert _left() == []
        return answer

    def tokens(self) -> int:
        """How many tokens Vault knows."""
        keys = self.vault.ask("list", "auth/token/accessors").data["keys"]
        assert isinstance(keys, list)
        return len(keys)

    def put(self, value: str) -> None:
        """Change what Vault holds."""
        assert self.vault.ask("post", "secret/data/shop", {"data": {"password": value}}).ok


def _left() -> list[Path]:
    """Folders of runs of this process that are still there."""
    return [*Path(agent.memory() or "/dev/null").glob(f"migrate-{os.getpid()}-*")]


def _changes(template: str, notes: Mapping[str, str]) -> dict[str, Json]:
    named = {
        "agent-inject": "true",
        "role": "mig-shop",
        "auth-type": "jwt",
        "auth-path": "auth/jwt",
        "auth-config-path": "/var/run/secrets/vault/token",
        "auth-config-remove-jwt-after-reading": "false",
        "agent-service-account-token-volume-name": "vault-token",
        "agent-inject-template-password": template,
        "error-on-missing-key-password": "true",
        # Would end every process of this user, were it run here.
        "agent-inject-command-password": "kill -9 -1",
        **notes,
    }
    source: Json = {"serviceAccountToken": {"path": "token", "audience": AUDIENCE}}
    volume: Json = {"name": "vault-token", "projected": {"sources": [source]}}
    annotations: dict[str, Json] = {PREFIX + name: value for name, value in named.items() if value}
    return {
        "container": "web",
        "account": "web",
        "annotations": annotations,
        "set": [],
        "unset": [],
        "volumes": [volume],
        "unmount": [],
        "shareProcessNamespace": None,
    }


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    if why := missing() or absent():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("agent-files")
    with vault(folder) as (address, _, ca, _), cluster(tmp_path_factory.mktemp("cluster")) as there:
        (folder / "token").write_text(ROOT)
        token: Json = {"file": str(folder / "token")}
        config = Config.model_validate({"vault": {"address": address, "ca": ca, "token": token}})
        found = opened(config, folder, None, str(there.kubeconfig))
        api = Api(address, ca, lambda: ROOT)
        _furnish(api, there)
        yield Scene(found.observer, api, there)
        found.close()


def _furnish(api: Api, there: Cluster) -> None:
    for path, body in (
        ("sys/auth/jwt", {"type": "jwt"}),
        ("auth/jwt/config", {"jwt_validation_pubkeys": [there.public], "bound_issuer": ISSUER}),
        ("sys/policies/acl/mig-shop", {"policy": 'path "secret/data/shop" { capabilities = ["read"] }'}),
        ("sys/policies/acl/mig-none", {"policy": 'path "secret/data/none" { capabilities = ["read"] }'}),
        (
            "auth/jwt/role/mig-shop",
            {
                "role_type": "jwt", "user_claim": "sub", "bound_audiences": [AUDIENCE], "token_policies": ["mig-shop"],
                "bound_subject": f"system:serviceaccount:{NAMESPACE}:web", "token_ttl": "20m",
            },
        ),
    ):  # fmt: skip
        assert api.ask("post", path, dict(body)).ok, path
    there.make("/api/v1/namespaces", metadata={"name": NAMESPACE})
    there.make(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", metadata={"name": "web"})
    encoded = base64.b64encode(CANARY.encode()).decode()
    there.make(f"/api/v1/namespaces/{NAMESPACE}/secrets", metadata={"name": "web"}, data={"password": encoded})
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    there.make(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", metadata={"name": "web"}, spec=spec)


@pytest.fixture
def scene(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    found = program("vault", "vault-")
    assert found is not None
    monkeypatch.setenv("PATH", str(found.parent), prepend=os.pathsep)
    stage.put(CANARY)
    return stage


@pytest.mark.parametrize("comes", [False, True])
def test_it_writes_what_the_secret_holds_and_ends_its_token(scene: Scene, comes: bool) -> None:
    before = scene.tokens()

    answer = scene.ask(comes=comes)

    assert isinstance(answer, Pass), answer
    assert "Vault v1." in answer.reading
    assert "/vault/secrets/password" in answer.reading
    assert scene.tokens() == before


def test_a_value_that_differs_from_the_secret_is_named_and_not_shown(scene: Scene) -> None:
    scene.put(f"{CANARY}\n")
    answer = scene.ask()
    assert isinstance(answer, Fail)
    assert f"key password of Secret {NAMESPACE}/web" in answer.reading


@pytest.mark.parametrize(
    ("template", "word"),
    [
        ('{{ with secret "secret/data/other" }}{{ .Data.data.password }}{{ end }}', "may not read secret/data/other"),
        ('{{ with secret "secret/data/shop" }}{{ .Data.data.user }}{{ end }}', "no key user"),
        # Go quotes what is no number.
        ('{{ with secret "secret/data/shop" }}{{ .Data.data.password | parseInt }}{{ end }}', "(parseInt)"),
        ('{{ with secret "secret/data/shop" }}{{ .Data.data.password }', "(parse)"),
    ],
)
def test_what_the_pod_would_wait_for_for_ever_fails_here(scene: Scene, template: str, word: str) -> None:
    before = scene.tokens()
    answer = scene.ask(template)
    assert isinstance(answer, Fail), answer
    assert word in answer.reading
    # One that cannot even be parsed ends the agent while it logs in: what it never read with runs out by itself.
    assert "(parse)" in word or scene.tokens() == before


def test_a_secret_that_is_not_there_fails(scene: Scene) -> None:
    assert scene.vault.ask("delete", "secret/metadata/shop").ok
    answer = scene.ask()
    assert isinstance(answer, Fail)
    assert "finds nothing at secret/data/shop" in answer.reading


def test_a_login_that_no_agent_can_make_fails(scene: Scene) -> None:
    wrong = scene.ask(notes={"role": "mig-none"})
    assert isinstance(wrong, Fail)
    assert "is not let in by auth/jwt/login" in wrong.reading
    pathless = scene.ask(notes={"auth-config-path": ""})
    assert isinstance(pathless, Fail)
    assert "has no path" in pathless.reading


def test_a_policy_that_may_not_read_it_fails(scene: Scene) -> None:
    answer = scene.ask(comes=True, policy="mig-none")
    assert isinstance(answer, Fail)
    assert "may not read secret/data/shop" in answer.reading


@pytest.mark.parametrize(
    "call", ['env "HOME"', 'file "/etc/passwd"', '"x" | writeToFile "/dev/shm/stolen-9f1c" "" "" "0600"']
)
def test_a_template_cannot_touch_the_machine_of_the_operator(scene: Scene, call: str) -> None:
    answer = scene.ask(f"{{{{ {call} }}}}")
    assert isinstance(answer, Inconclusive), answer
    assert "the machine that it runs on" in answer.reading
    assert not Path("/dev/shm/stolen-9f1c").exists()


def test_what_is_missing_to_try_it_is_said_with_what_it_would_have_proven(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = Scene(replace(scene.observer, trials=Trials(agent=False)), scene.vault, scene.cluster)
    onlooker = replace(scene.observer.logins, cluster=scene.cluster.api("onlooker"))
    unseen = Scene(replace(scene.observer, logins=onlooker), scene.vault, scene.cluster)
    nobody = replace(scene.observer.logins, vault=scene.vault.bearing("hvs.made-up"))
    poor = Scene(replace(scene.observer, logins=nobody), scene.vault, scene.cluster)
    answers = [off.ask(), unseen.ask(), poor.ask(comes=True)]
    monkeypatch.setattr(agent, "memory", lambda: None)
    answers.append(scene.ask())
    monkeypatch.setenv("PATH", "/nowhere")
    answers.append(scene.ask())

    assert all(isinstance(one, Inconclusive) for one in answers), answers
    readings = [one.reading for one in answers]
    assert all(PROVES in one for one in (readings[0], *readings[2:]))
    for word, reading in zip(("trials.agent", "", "auth/token/create", "in memory", "PATH"), readings, strict=True):
        assert word in f"{reading}{answers[readings.index(reading)]}"


def test_the_policy_of_a_plan_lends_the_workloads_policy_and_no_other(scene: Scene, tmp_path: Path) -> None:
    plan = planned(estate(tmp_path / "estate"))
    about = {"account_comes": "with the cutover", "policy": "mig-shop"}
    gates = [
        replace(gate, about=tuple((dict(gate.about) | about).items())) for gate in plan.gates if "renders" in gate.id
    ]
    text = apply_policy(replace(plan, gates=tuple(gates)), "phase1-0000")
    own = bearing(scene.vault, text)
    lent = Scene(replace(scene.observer, logins=replace(scene.observer.logins, vault=own)), scene.vault, scene.cluster)

    assert isinstance(lent.ask(comes=True), Pass)
    lines = findings(read_policy("migrate-apply-phase1-0000", text), Conventions())
    assert [one.code for one in lines if one.path == "auth/token/create"] == []
    for asked in (
        {}, {"policies": ["root"], "ttl": "5m"}, {"policies": ["mig-shop"]}, {"policies": ["mig-shop"], "ttl": "9h"},
        {"policies": ["mig-shop", "mig-none"], "ttl": "5m"}, {"policies": ["mig-shop"], "ttl": "5m", "no_parent": True},
    ):  # fmt: skip
        assert own.ask("post", "auth/token/create", dict(asked)).status == 403, asked


def test_a_vault_that_is_sealed_proves_nothing(scene: Scene) -> None:
    away = replace(scene.observer.logins, vault=Api("https://127.0.0.1:1", scene.vault.ca, lambda: ROOT))
    answer = Scene(replace(scene.observer, logins=away), scene.vault, scene.cluster).ask()
    assert isinstance(answer, Inconclusive)
    assert "did not reach Vault" in answer.reading


def test_nothing_is_left_of_a_run_whose_asker_was_killed(tmp_path: Path) -> None:
    where = agent.memory()
    if where is None:
        pytest.skip("no file system in memory")
    folder = Path(where) / f"migrate-killed-{os.getpid()}"
    agents = tmp_path / "agent"
    agents.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    agents.chmod(0o755)
    asked = {"program": str(agents), "folder": str(folder), "seconds": 600, "files": {"jwt": CANARY}, "made": []}
    words = [sys.executable, "-I", str(keeper.__file__)]
    kept = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert kept.stdin is not None
    try:
        kept.stdin.write(json.dumps(asked).encode() + b"\n")
        kept.stdin.flush()
        _until((tmp_path / "pid").exists)
        _until(lambda: (tmp_path / "pid").read_text().strip() != "")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "jwt").stat().st_mode & 0o777 == 0o600
        kept.stdin.close()  # what the death of its asker does
        kept.wait(60)
        assert not folder.exists()
        _until(lambda: not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists())
    finally:
        kept.send_signal(signal.SIGKILL)
        kept.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _until(holds: object) -> None:
    assert callable(holds)
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
