"""The smallest lab, Vault and PostgreSQL: every way of handling it, and what its faults really do."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from migrate.cli.main import run
from migrate.lab import disk, down, faults, ports, processes, status
from migrate.lab.levels import Level
from migrate.lab.web import Unwelcome
from migrate.lab.world import Provider
from migrate.model.errors import Failed, Refused
from tests.lab.ending import MIGRATE, killed_at, nothing_of
from tests.labworld import Lab, broken, start, until

pytestmark = [pytest.mark.lab(level="vault"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module", params=["processes", "docker"])
def small(request: pytest.FixtureRequest, labs_home: object, labs_level: Level) -> Iterator[Lab]:
    """A lab of Vault and PostgreSQL only, by either who can run it."""
    del labs_home, labs_level  # they make sure that there can be one
    if request.param == "docker":
        request.getfixturevalue("engine")
    found = start("small", None, Level.VAULT, docker=request.param == "docker")
    yield found
    down.down(found.world)


def test_shell_hands_kubectl_vault_psql_and_git_to_a_command_and_its_exit_code_back(
    small: Lab, capfd: pytest.CaptureFixture[str]
) -> None:
    name = ("--name", small.world.name)
    assert run(["lab", "shell", *name, "--", "vault", "kv", "put", "secret/from-shell", "key=value"]) == 0
    capfd.readouterr()
    assert run(["lab", "shell", *name, "--", "vault", "kv", "get", "-field=key", "secret/from-shell"]) == 0
    assert capfd.readouterr().out == "value"
    assert run(["lab", "shell", *name, "--", "sh", "-c", "exit 9"]) == 9
    assert run(["lab", "shell", *name, "--", "no-such-program"]) == 64


def test_logs_are_a_servers_own_words_and_an_unknown_server_is_told_which_there_are(
    small: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lab", "logs", "vault", "--name", small.world.name]) == 0
    assert "core: vault is unsealed" in capsys.readouterr().out
    assert run(["lab", "logs", "nobody", "--name", small.world.name]) == 64
    assert "lab-fault, postgres, vault" in capsys.readouterr().err


def test_status_in_json_is_the_promised_document(small: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "status", "--name", small.world.name, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], found["level"], found["folder"]) == ("migrate.lab/v1", "vault", str(small.world.folder))
    assert {server["name"] for server in found["servers"]} == {"vault", "postgres", "lab-fault"}
    assert all({"name", "version", _where(server), "address", "ready"} <= server.keys() for server in found["servers"])


def test_vault_answers_with_and_without_tls_on_the_port_that_an_estate_knows(small: Lab) -> None:
    plain = f"http://{small.world.address}:{ports.VAULT}/v1/sys/health"
    assert json.load(urllib.request.urlopen(plain, timeout=20))["sealed"] is False
    assert small.run("vault", "status", "-format=json")


def test_a_cut_reaches_who_speaks_without_tls_too(small: Lab) -> None:
    plain = f"http://{small.world.address}:{ports.VAULT}/v1/sys/health"
    with broken(small, "vault-cut"), pytest.raises(OSError, match=r"reset|closed|refused"):
        urllib.request.urlopen(plain, timeout=20)
    assert urllib.request.urlopen(plain, timeout=20).status == 200


def test_on_a_full_disk_nothing_can_be_written_and_afterwards_all_that_was_there_still_is(small: Lab) -> None:
    if not disk.own(small.world):
        with pytest.raises(Refused, match="own disk"):
            faults.named("disk-full", small.world).begin(small.world)
        return
    small.vault.ask("POST", "/v1/secret/data/kept", {"data": {"key": "kept"}})
    small.run("psql", "-qAtc", "create table filled as select 7 as number")
    with broken(small, "disk-full"):
        with pytest.raises(Failed):
            small.vault.ask("POST", "/v1/secret/data/lost", {"data": {"key": "x" * 5000}})
        lost = small.run("psql", "-qAtc", "create table more as select generate_series(1, 100000)", check=False)
        assert lost == ""
    until("both", lambda: all(server.ready for server in status.servers(small.world)))
    assert small.vault.ask("GET", "/v1/secret/data/kept")["data"]["data"] == {"key": "kept"}
    small.vault.ask("POST", "/v1/secret/data/again", {"data": {"key": "x" * 5000}})
    assert small.run("psql", "-qAtc", "select number from filled; drop table filled").strip() == "7"


def test_a_revoked_token_of_the_operators_reads_nothing_until_it_is_given_again(small: Lab) -> None:
    token = {"X-Vault-Token": small.world.credential("eso-token").read_text()}
    with broken(small, "eso-token-expired"), pytest.raises(Unwelcome) as refused:
        small.vault.ask("GET", "/v1/auth/token/lookup-self", headers=token)
    assert refused.value.status == 403
    assert small.vault.ask("GET", "/v1/auth/token/lookup-self", headers=token)["data"]["ttl"] > 80 * 24 * 3600


def test_labs_side_by_side_share_no_address_and_go_one_by_one(small: Lab) -> None:
    docker = _in_containers(small)
    others = [start(name, None, Level.VAULT, docker=docker) for name in ("left", "right")]
    worlds = [small.world, *(other.world for other in others)]
    assert len({world.address for world in worlds}) == len({world.inner for world in worlds}) == 3
    for other in others:
        down.down(other.world)
        assert not other.world.folder.exists()
        assert processes.every(other.world) == []
    assert all(server.ready for server in status.servers(small.world))


@pytest.mark.parametrize("step", ["disk", "postgres", "vault contents"])
def test_a_tool_killed_while_a_lab_comes_up_leaves_one_that_down_takes_away(step: str, small: Lab) -> None:
    more = ["--docker"] if _in_containers(small) else []
    left = killed_at(step, "lab", "up", "--name", "half", "--empty", "--level", "vault", *more)
    assert processes.every(left) or left.data("disk").is_mount() or step == "disk"
    down.down(left)
    nothing_of(left)
    assert all(server.ready for server in status.servers(small.world))


def test_a_lab_whose_tool_is_killed_while_it_is_taken_away_goes_when_that_is_repeated(small: Lab) -> None:
    other = start("again", None, Level.VAULT, docker=_in_containers(small)).world
    with subprocess.Popen([*MIGRATE, "lab", "down", "--name", "again"], stderr=subprocess.DEVNULL) as tool:
        until("the first end of a server", lambda: len(processes.every(other)) < 3 or tool.poll() is not None)
        tool.kill()
    if other.folder.exists():
        down.down(other)
    nothing_of(other)
    assert all(server.ready for server in status.servers(small.world))


def _where(server: dict[str, Any]) -> str:
    return "container" if "container" in server else "pid"


def _in_containers(lab: Lab) -> bool:
    return lab.world.provider is Provider.DOCKER
