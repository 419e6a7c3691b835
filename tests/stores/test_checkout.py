"""The commit a scan names is the commit that was scanned."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from migrate.stores.checkout import Checkout, Standing


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.test", "-c", "commit.gpgsign=false")
    done = subprocess.run(("git", "-C", str(folder), *identity, *words), check=True, capture_output=True, text=True)
    return done.stdout.strip()


def standing(folder: Path) -> Standing:
    with Checkout(str(folder)) as checkout:
        return checkout.standing()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.yaml").write_text("a: 1")
    (tmp_path / "b.yaml").write_text("b: 1")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def test_a_clean_repository(repository: Path) -> None:
    assert standing(repository) == Standing(git(repository, "rev-parse", "HEAD"), dirty=False)


@pytest.mark.parametrize("name", ["sub/a.yaml", "sub/new.yaml"])
def test_an_edit_and_a_new_file_make_it_dirty(repository: Path, name: str) -> None:
    (repository / name).write_text("changed")
    assert standing(repository).dirty


def test_only_the_estate_itself_counts(repository: Path) -> None:
    (repository / "b.yaml").write_text("changed")
    assert not standing(repository / "sub").dirty


def test_no_repository_and_no_commit_are_no_commit(tmp_path: Path) -> None:
    assert standing(tmp_path) == Standing(None, dirty=False)
    git(tmp_path, "init", "--quiet")
    assert standing(tmp_path) == Standing(None, dirty=False)


def test_no_git_is_no_commit(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert standing(repository) == Standing(None, dirty=False)


def test_a_surrounding_hook_does_not_mislead(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert standing(repository).commit


def test_nothing_that_the_repository_names_is_run(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    mark = tmp_path_factory.mktemp("mark") / "ran"
    script = mark.with_name("script")
    script.write_text(f"#!/bin/sh\ntouch {mark}\n")
    script.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(script))
    index = (repository / ".git" / "index").read_bytes()
    standing(repository)
    assert not mark.exists()
    assert (repository / ".git" / "index").read_bytes() == index
