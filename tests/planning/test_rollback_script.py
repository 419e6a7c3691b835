"""`rollback.sh` and the exports do what they say with the programs they name, and with nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import jsonpatch
import pytest

from migrate.documents.reader import load_all
from migrate.model.change import Doc
from migrate.model.json import mapping
from migrate.model.plan import Plan, Step
from migrate.planning.export import export
from migrate.planning.phases import Credential
from migrate.planning.prove import apply_diff
from migrate.targets.compare import MARK
from migrate.targets.shell import login_text
from tests.planning.estates import GRAFANA, SECRETS, document, estate, planned
from tests.planning.programs import put_on_path
from tests.planning.programs.vault import as_read

GIT_AT_HAND = shutil.which("git") is not None

ALL = ("expand", "cutover", "soak", "contract")


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example", "-c", "commit.gpgsign=false")
    done = subprocess.run(("git", *identity, *words), cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@dataclass
class World:
    """A repository and servers, and the plan's steps done to them up to a stage."""

    folder: Path
    servers: Path
    plan: Plan
    script: Path
    said: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def done_up_to(self, stage: str) -> None:
        for step in self.plan.steps:
            if stage != "nothing" and ALL.index(step.stage) <= ALL.index(stage):
                self._do(step)

    def _do(self, step: Step) -> None:
        match step.change.target.store, step.change.after:
            case "git", _:
                self._commit(step)
            case "vault", Doc(value):
                self.vault(step.change.target.path).write_text(
                    json.dumps(as_read(step.change.target.path, mapping(value)))
                )
            case "postgres", after:
                self.login(step.change.target.name).write_text(login_text(after))

    def _commit(self, step: Step) -> None:
        for edit in step.change.files:
            path = self.folder / edit.file
            data = apply_diff(path.read_bytes(), edit.diff)
            path.unlink() if edit.after is None else path.write_bytes(data)
            for folder in path.parents:
                if folder == self.folder or any(folder.iterdir()):
                    break
                folder.rmdir()  # as a checkout does
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-q", "-m", step.id)

    def vault(self, path: str) -> Path:
        return self.servers / "vault" / (path.replace("/", "%") + ".json")

    def login(self, name: str) -> Path:
        return self.servers / "logins" / name

    def edit(self, path: str, **fields: object) -> None:
        file = self.vault(path)
        file.write_text(json.dumps(json.loads(file.read_text()) | fields))

    def ours(self) -> set[str]:
        """What of ours the servers still hold."""
        held = {file.name.replace("%", "/").removesuffix(".json") for file in (self.servers / "vault").iterdir()}
        return held | {file.name for file in (self.servers / "logins").iterdir()}

    def log(self) -> str:
        return (self.servers / "log").read_text()

    def roll_back(self) -> int:
        environment = os.environ | {
            "PATH": f"{self.script.parent / 'bin'}:{os.environ['PATH']}",
            "WORLD": str(self.servers),
            "ASSUME_YES": "1",
        }
        (self.servers / "log").write_text("")
        done = subprocess.run(
            ("sh", str(self.script)), cwd=self.folder, env=environment | self.environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.said = done.stdout + done.stderr
        return done.returncode


@pytest.fixture(params=["static", "dynamic"])
def world(tmp_path: Path, request: pytest.FixtureRequest) -> World:
    return started(tmp_path, request.param)


def started(tmp_path: Path, credential: Credential, *layout: str, attributes: str = "") -> World:
    """A repository of this layout (words for `git init`), its plan and its script; nothing is done yet."""
    if not GIT_AT_HAND:
        pytest.skip("git is not installed")
    alone: dict[str, str | None] = {"secrets": None, "alone/secrets": SECRETS}
    folder = estate(tmp_path / "repo", **alone)
    git(folder, "init", "-q", *layout)
    if attributes:
        (folder / ".gitattributes").write_text(attributes)
        for file in folder.rglob("*.yaml"):
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    git(folder, "config", "user.name", "t")
    git(folder, "config", "user.email", "t@example")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "start")
    plan = planned(folder, credential)
    found = document(plan)
    script = tmp_path / "rollback.sh"
    script.write_bytes(export(plan, str(found["name"]), str(found["digest"]))["rollback.sh"])
    put_on_path(tmp_path / "bin")
    for name in ("vault", "logins"):
        (tmp_path / "servers" / name).mkdir(parents=True)
    (tmp_path / "servers" / "logins" / "boards").write_text("login")
    return World(folder, tmp_path / "servers", plan, script)


static = pytest.mark.parametrize("world", ["static"], indirect=True)


@pytest.mark.parametrize("stage", ["nothing", *ALL])
def test_it_restores_every_byte_and_leaves_nothing_from_any_stage(world: World, stage: str) -> None:
    before = git(world.folder, "rev-parse", "HEAD^{tree}")
    world.done_up_to(stage)
    assert world.roll_back() == 0, world.said
    assert git(world.folder, "rev-parse", "HEAD^{tree}") == before
    assert git(world.folder, "status", "--porcelain") == ""
    assert world.ours() == {"boards"}
    assert world.login("boards").read_text() == "login"


@pytest.mark.parametrize(
    ("layout", "attributes"),
    [(("--object-format=sha256",), ""), ((), "*.yaml text eol=crlf\n")],
    ids=["sha256", "other-line-ends"],
)
def test_git_may_store_files_under_other_names_than_the_plan_has(
    tmp_path: Path, layout: tuple[str, ...], attributes: str
) -> None:
    world = started(tmp_path, "static", *layout, attributes=attributes)
    before = git(world.folder, "rev-parse", "HEAD^{tree}")
    world.done_up_to("contract")
    assert git(world.folder, "rev-parse", "HEAD^{tree}") != before
    assert world.roll_back() == 0, world.said
    assert git(world.folder, "rev-parse", "HEAD^{tree}") == before
    assert git(world.folder, "status", "--porcelain") == ""
    assert world.ours() == {"boards"}


def test_running_it_twice_does_no_harm(world: World) -> None:
    world.done_up_to("contract")
    world.roll_back()
    head = git(world.folder, "rev-parse", "HEAD")
    assert world.roll_back() == 0
    assert git(world.folder, "rev-parse", "HEAD") == head
    assert not re.search(r"vault (write|delete|policy)|rollout restart|DROP|ALTER", world.log())


def test_a_file_that_was_changed_since_is_left_alone_and_named(world: World) -> None:
    world.done_up_to("cutover")
    changed = (world.folder / "grafana.yaml").read_text() + "# a later edit\n"
    (world.folder / "grafana.yaml").write_text(changed)
    assert world.roll_back() == 7
    assert "grafana.yaml was changed after the plan" in world.said
    assert (world.folder / "grafana.yaml").read_text() == changed


def test_what_expand_made_stays_while_a_file_is_left_alone(world: World) -> None:
    world.done_up_to("cutover")
    held = world.ours()
    (world.folder / "grafana.yaml").write_text("kind: Other\n")
    assert world.roll_back() == 7
    assert "what the expand stage made was not touched" in world.said
    assert world.ours() == held
    assert "rollout" not in world.log()


@static
def test_an_edit_of_the_role_in_use_survives_and_so_does_what_expand_made(world: World) -> None:
    world.done_up_to("cutover")
    world.edit("database/static-roles/mig-boards", rotation_period=86400)
    held = world.ours()
    assert world.roll_back() == 7
    assert "database/static-roles/mig-boards was changed after the plan" in world.said
    assert world.ours() == held
    assert (world.folder / "grafana.yaml").read_text() == GRAFANA


@static
def test_what_a_kept_thing_stands_on_is_kept_too_and_nothing_else(world: World) -> None:
    world.done_up_to("expand")
    world.edit("database/config/mig-boards-pg", allowed_roles=["mig-boards", "another"])
    assert world.roll_back() == 7
    assert world.ours() == {"boards", "boards_vault_admin", "database/config/mig-boards-pg"}
    assert "expand.database-connection.mig-boards-pg still stands on it" in world.said


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("sys/policies/acl/mig-watch-grafana", {"policy": 'path "other" { capabilities = ["read"] }'}),
        ("auth/jwt-lab/role/mig-watch-grafana", {"token_bound_cidrs": ["10.0.0.0/8"]}),
        ("auth/jwt-lab/role/mig-watch-grafana", {"claim_mappings": {"a": "b"}}),
        ("database/config/mig-boards-pg", {"allowed_roles": ["mig-boards", "another"]}),
        ("database/config/mig-boards-pg", {"connection_details": {"username": "somebody"}}),
    ],
)
def test_any_edit_in_vault_is_kept_and_said(world: World, path: str, fields: dict[str, object]) -> None:
    world.done_up_to("expand")
    world.edit(path, **fields)
    kept = world.vault(path).read_text()
    assert world.roll_back() == 7
    assert f"{path} was changed after the plan" in world.said
    assert world.vault(path).read_text() == kept


def test_the_mark_that_a_run_leaves_in_a_policy_is_nobodys_edit(world: World) -> None:
    world.done_up_to("expand")
    path = "sys/policies/acl/mig-watch-grafana"
    world.edit(path, policy=f"{MARK}, run 7f3a\n" + json.loads(world.vault(path).read_text())["policy"])
    assert world.roll_back() == 0
    assert world.ours() == {"boards"}


def test_a_login_that_was_given_more_is_kept_with_what_it_serves(world: World) -> None:
    world.done_up_to("expand")
    login = world.login("boards_vault_admin")
    login.write_text(login.read_text().replace("createrole", "createrole superuser"))
    assert world.roll_back() == 7
    assert "login boards_vault_admin was changed after the plan" in world.said
    assert world.ours() == {"boards", "boards_vault_admin"}


@pytest.mark.parametrize("down", ["VAULT_DOWN", "PSQL_DOWN"])
def test_a_server_that_does_not_answer_is_not_taken_for_an_empty_one(world: World, down: str) -> None:
    world.done_up_to("expand")
    world.environment[down] = "1"
    assert world.roll_back() == 7
    assert "cannot say" in world.said
    assert "onnection refused" in world.said
    assert "everything" not in world.said.replace("not everything", "")


def test_with_vault_gone_git_still_goes_back_and_the_logins_that_vault_may_use_stay(world: World) -> None:
    before = git(world.folder, "rev-parse", "HEAD^{tree}")
    world.done_up_to("soak")
    held = world.ours()
    world.environment["VAULT_DOWN"] = "1"
    assert world.roll_back() == 7
    assert git(world.folder, "rev-parse", "HEAD^{tree}") == before
    assert world.ours() == held
    del world.environment["VAULT_DOWN"]
    assert world.roll_back() == 0
    assert world.ours() == {"boards"}


def test_a_program_that_is_missing_claims_nothing(world: World) -> None:
    world.done_up_to("expand")
    (world.script.parent / "bin" / "vault").write_text("#!/bin/sh\necho vault: not found >&2\nexit 127\n")
    assert world.roll_back() == 7
    assert "vault: not found" in world.said


def test_it_refuses_where_something_is_staged_already(world: World) -> None:
    world.done_up_to("cutover")
    (world.folder / "store.yaml").write_text("kind: Other\n")
    git(world.folder, "add", "store.yaml")
    head = git(world.folder, "rev-parse", "HEAD")
    assert world.roll_back() == 6
    assert git(world.folder, "rev-parse", "HEAD") == head


@static
def test_servers_are_cleaned_in_reverse_and_after_the_pods_left(world: World) -> None:
    world.done_up_to("contract")
    world.roll_back()
    order = [
        'ALTER ROLE "boards" LOGIN;',
        "vault write database/static-roles/mig-boards",
        "kubectl -n watch rollout restart deployment/stack-grafana",
        "kubectl -n watch rollout status deployment/stack-grafana",
        "vault delete auth/jwt-lab/role/mig-watch-grafana",
        "vault policy delete mig-watch-grafana",
        "vault delete database/static-roles/mig-boards",
        "vault delete database/config/mig-boards-pg",
        'DROP ROLE "boards_vault";',
        'DROP ROLE "boards_vault_admin";',
    ]
    places = [world.log().index(text) for text in order]
    assert places == sorted(places)


def test_it_uses_four_programs_and_posix_shell_only(world: World) -> None:
    text = world.script.read_text()
    assert text.startswith("#!/bin/sh\n")
    assert "set -eu" in text
    assert not re.search(r"\b(bash|jq|curl|python|migrate (apply|rollback))\b|\[\[", text)
    subprocess.run(("sh", "-n", str(world.script)), check=True)


def test_every_step_is_commented(world: World) -> None:
    for step in world.plan.steps:
        assert f"# {step.id}: " in world.script.read_text()


def test_exported_patches_turn_the_file_there_and_back(tmp_path: Path) -> None:
    plan = planned(estate(tmp_path / "e"))
    files = export(plan, "n", "d")
    value = load_all(GRAFANA.encode())[0].value
    there = jsonpatch.apply_patch(value, json.loads(files["patches/watch-helmrelease-stack.forward.json"]))
    assert there != value
    back = jsonpatch.apply_patch(there, json.loads(files["patches/watch-helmrelease-stack.inverse.json"]))
    assert back == value


def test_exports_hold_policies_and_sql_with_the_password_as_a_variable(tmp_path: Path) -> None:
    files = export(planned(estate(tmp_path / "e")), "n", "d")
    assert b'path "database/static-creds/mig-boards"' in files["policies/mig-watch-grafana.hcl"]
    assert b"PASSWORD :'password'" in files["sql/02-boards_vault.sql"]
    assert b"DROP ROLE" in files["sql/02-boards_vault.inverse.sql"]


def test_every_patch_begins_with_a_test(tmp_path: Path) -> None:
    for pair in planned(estate(tmp_path / "e")).patches:
        assert pair.forward[0]["op"] == pair.inverse[0]["op"] == "test"
