"""A commit's files are read from the commit, not from the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from migrate.model.ports import Unreachable
from migrate.stores.git.commit_tree import files_at
from tests.stores.git.repositories import Repository, new


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = new(tmp_path / "repo")
    made.write("a.yaml", "a: 1\n")
    made.write("apps/b.yaml", "b: 1\n")
    made.write("apps/notes.txt", "b\n")
    made.commit("first")
    return made


def test_the_checkout_does_not_matter(repository: Repository) -> None:
    first = repository.head
    repository.write("a.yaml", "a: 2\n")
    repository.commit("second")
    (repository.path / "apps" / "b.yaml").unlink()
    repository.write("c.yaml", "c: 1\n")
    files = files_at(str(repository.path), first)
    assert files.paths == ("a.yaml", "apps/b.yaml")
    assert [files.read(path) for path in files.paths] == [b"a: 1\n", b"b: 1\n"]


def test_files_that_are_no_manifests_can_be_read_too(repository: Repository) -> None:
    assert files_at(str(repository.path), "HEAD").read("apps/notes.txt") == b"b\n"


def test_an_estate_in_a_folder_has_paths_from_there(repository: Repository) -> None:
    files = files_at(str(repository.path / "apps"), "HEAD")
    assert files.paths == ("b.yaml",)
    assert files.read("b.yaml") == b"b: 1\n"


def test_a_folder_that_the_commit_does_not_have_is_empty(repository: Repository) -> None:
    repository.write("later/c.yaml", "c: 1\n")
    assert files_at(str(repository.path / "later"), "HEAD").paths == ()


@pytest.mark.parametrize(
    "name", ["with space.yaml", "-dash.yaml", ":(top)x.yaml", "ta\tb.yaml", 'q"uote.yaml', "ü.yaml"]
)
def test_any_name_is_read(repository: Repository, name: str) -> None:
    repository.write(name, "x: 1\n")
    repository.commit("odd")
    files = files_at(str(repository.path), "HEAD")
    assert name in files.paths
    assert files.read(name) == b"x: 1\n"


def test_names_that_are_no_utf8_are_read(repository: Repository) -> None:
    name = os.fsdecode(b"\xff.yaml")
    repository.write(name, "x: 1\n")
    repository.commit("odd")
    files = files_at(str(repository.path), "HEAD")
    assert name in files.paths
    assert files.read(name) == b"x: 1\n"


def test_links_and_submodules_are_not_followed(repository: Repository, tmp_path: Path) -> None:
    inner = new(tmp_path / "inner")
    inner.write("s.yaml", "s: 1\n")
    inner.commit("inner")
    repository.git("submodule", "--quiet", "add", str(inner.path), "vendor")
    (repository.path / "link.yaml").symlink_to("a.yaml")
    repository.commit("links")
    files = files_at(str(repository.path), "HEAD")
    assert files.paths == ("a.yaml", "apps/b.yaml")
    for path in ("link.yaml", "vendor"):
        with pytest.raises(PermissionError):
            files.read(path)


def test_what_is_not_there_is_an_error_of_its_own(repository: Repository) -> None:
    with pytest.raises(FileNotFoundError):
        files_at(str(repository.path), "HEAD").read("nowhere.yaml")


@pytest.mark.parametrize("commit", ["0123456789" * 4, "nowhere"])
def test_an_unknown_commit_is_not_an_empty_tree(repository: Repository, commit: str) -> None:
    with pytest.raises(Unreachable, match="not in this clone"):
        files_at(str(repository.path), commit)


def test_outside_a_repository_nothing_is_known(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="not a git repository"):
        files_at(str(tmp_path), "HEAD")


def test_without_git_nothing_is_known(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Unreachable, match="could not be run"):
        files_at(str(repository.path), "HEAD")


def test_a_surrounding_hook_does_not_mislead(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_WORK_TREE", "/nowhere")
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", "/nowhere")
    assert files_at(str(repository.path), "HEAD").paths == ("a.yaml", "apps/b.yaml")


def test_a_repository_with_sha256_is_read(tmp_path: Path) -> None:
    repository = new(tmp_path / "long", "--object-format=sha256")
    repository.write("a.yaml", "a: 1\n")
    repository.commit("first")
    assert files_at(str(repository.path), "HEAD").read("a.yaml") == b"a: 1\n"


def test_a_partial_clone_answers_from_what_it_has(repository: Repository, tmp_path: Path) -> None:
    first = repository.head
    repository.write("a.yaml", "a: 2\n")
    repository.commit("second")
    repository.git("config", "uploadpack.allowFilter", "true")
    clone = Repository(tmp_path / "partial")
    repository.git("clone", "--quiet", "--filter=blob:none", f"file://{repository.path}", str(clone.path))
    assert files_at(str(clone.path), "HEAD").read("a.yaml") == b"a: 2\n"
    with pytest.raises(Unreachable):
        files_at(str(clone.path), first)
