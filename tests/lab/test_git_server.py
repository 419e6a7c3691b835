"""The lab's Git server gives what a repository holds over HTTP, and takes nothing unless the repository says so."""

from __future__ import annotations

import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.running import program, running

WHO = ("-c", "user.name=lab", "-c", "user.email=lab@example.test", "-c", "commit.gpgsign=false")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *WHO, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    folder = tmp_path / "estate"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "first")
    git(tmp_path, "clone", "--quiet", "--bare", str(folder), "served/estate.git")
    return folder


@pytest.fixture
def address(tmp_path: Path, estate: Path) -> Iterator[str]:
    with running(program("lab-git"), "--listen", "127.0.0.1:0", "--root", tmp_path / "served") as (found,):
        yield found


def test_a_clone_is_the_commit_that_was_served(address: str, estate: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", f"http://{address}/estate.git", "cloned")
    assert git(tmp_path / "cloned", "rev-parse", "HEAD") == git(estate, "rev-parse", "HEAD")


def test_a_push_is_refused_unless_the_repository_takes_pushes(address: str, estate: Path, tmp_path: Path) -> None:
    git(estate, "commit", "--quiet", "--allow-empty", "-m", "second")
    push = ["git", "-C", str(estate), "push", "--quiet", f"http://{address}/estate.git", "main"]
    assert subprocess.run(push, capture_output=True, check=False).returncode != 0
    git(tmp_path / "served" / "estate.git", "config", "http.receivepack", "true")
    assert subprocess.run(push, capture_output=True, check=False).returncode == 0
    served = git(tmp_path / "served" / "estate.git", "rev-parse", "main")
    assert served == git(estate, "rev-parse", "HEAD")


def test_it_says_that_it_serves(address: str) -> None:
    with urllib.request.urlopen(f"http://{address}/healthz", timeout=20) as answer:
        assert answer.read() == b"ok\n"
