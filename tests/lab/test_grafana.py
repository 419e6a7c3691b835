"""The stand-in for Grafana reads its settings as Grafana does, and is honest about who it is in the database."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab.conftest import PASSWORD as CANARY
from tests.lab.conftest import Postgres
from tests.lab.running import program, running


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "db-password"
    file.write_text(CANARY + "\n")
    return file


@contextmanager
def grafana(environment: Mapping[str, str], config: Path | None = None) -> Iterator[str]:
    """The program at work; gives its address."""
    here = {"GF_SERVER_HTTP_ADDR": "127.0.0.1", "GF_SERVER_HTTP_PORT": "0", **environment}
    words = ("--every", "0", *(("--config", str(config)) if config else ()))
    with running(program("lab-grafana"), *words, environment=here) as (address,):
        yield address


def refused(environment: Mapping[str, str], *words: str) -> str:
    """What it says when it does not even start."""
    done = subprocess.run(
        [str(program("lab-grafana")), *words], env={**os.environ, **environment}, capture_output=True, text=True,
        timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert CANARY not in done.stderr + done.stdout
    return done.stderr


def get(address: str, path: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_setting_and_its_file_at_once_is_fatal_and_names_both(password: Path) -> None:
    said = refused({"GF_DATABASE_PASSWORD": CANARY, "GF_DATABASE_PASSWORD__FILE": str(password)})
    assert "Both GF_DATABASE_PASSWORD and GF_DATABASE_PASSWORD__FILE are set" in said


def test_a_file_named_in_the_ini_must_be_there(tmp_path: Path) -> None:
    config = tmp_path / "grafana.ini"
    config.write_text("[database]\npassword = $__file{/nowhere/db-password}\n")
    assert "/nowhere/db-password" in refused({}, "--config", str(config))


def test_it_is_the_new_login_and_works_as_the_old_owner(postgres: Postgres, password: Path) -> None:
    with grafana(postgres.settings(password)) as address:
        assert get(address, "/api/health") == (200, {"database": "ok"})
        assert get(address, "/whoami")[1] == {"session_user": "grafana_vault", "current_user": "grafana"}
        assert get(address, "/query") == (200, {"ok": 1, "failed": 0})
    owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'lab_grafana'"
    assert postgres.sql(owner, "grafana") == "grafana"


def test_the_environment_stands_over_the_ini_and_the_ini_may_name_a_file(
    postgres: Postgres, password: Path, tmp_path: Path
) -> None:
    config = tmp_path / "grafana.ini"
    config.write_text(
        f"[database]\ntype = postgres\nhost = 127.0.0.1:{postgres.port}\nname = grafana\n"
        f"user = somebody\npassword = $__file{{{password}}}\n"
    )
    with grafana({"GF_DATABASE_USER": "grafana_vault"}, config) as address:
        assert get(address, "/whoami")[1]["session_user"] == "grafana_vault"


def test_a_rotated_password_is_noticed_at_the_next_login_and_never_read_again(
    postgres: Postgres, password: Path
) -> None:
    with grafana(postgres.settings(password)) as address:
        assert get(address, "/query")[0] == 200
        postgres.sql("ALTER ROLE grafana_vault PASSWORD 'another'")
        password.write_text("another")
        postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'grafana_vault'")
        try:
            outcomes = [get(address, "/query") for _ in range(3)]  # the pool may still hand out a dead connection once
            assert outcomes[-1][0] == 503
            assert get(address, "/api/health") == (503, {"database": "failing"})
            assert CANARY not in json.dumps(outcomes)
        finally:
            postgres.sql(f"ALTER ROLE grafana_vault PASSWORD '{CANARY}'")
        assert get(address, "/query")[0] == 200


def test_it_does_not_start_with_a_login_that_is_refused(postgres: Postgres, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text(CANARY + "-of-yesterday")
    assert "failed to connect to database" in refused(postgres.settings(wrong))
    assert "failed to connect to database" in refused(postgres.settings(tmp_path / "not-there"))
