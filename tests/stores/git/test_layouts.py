"""Every way people lay out a repository: a working path, or a clear refusal."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from migrate.model.config import GitSettings
from migrate.model.ports import Conflict, Denied, Outcome, Snapshot, Unreachable, Written
from tests.stores.git.plans import APP, BACK, BRANCH, CUTOVER, ESTATE, ORPHAN, REMOVE, Work, fill, work
from tests.stores.git.repositories import Repository, new
from tests.stores.git.test_backward import append, squash


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = new(tmp_path / "repo")
    fill(made)
    return made


def there_and_back(plan: Work) -> None:
    """Every step is made and dropped."""
    for step in (CUTOVER, ORPHAN, REMOVE):
        assert plan.write(step) == Written()
        assert plan.applied(step)
    for step in (REMOVE, ORPHAN, CUTOVER):
        assert plan.take_back(step) == Written()
        assert not plan.applied(step)


def refusal(outcome: Outcome) -> str:
    """What a refused write says, with the way forward."""
    assert isinstance(outcome, Denied)
    return f"{outcome.why}\n{outcome.following}"


def _linked(repository: Repository, tmp_path: Path) -> tuple[Repository, str]:
    repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    return Repository(tmp_path / "linked"), ""


def _detached(repository: Repository, tmp_path: Path) -> tuple[Repository, str]:
    repository.git("switch", "--quiet", "--detach")
    return repository, ""


def _submodule(repository: Repository, tmp_path: Path) -> tuple[Repository, str]:
    outer = new(tmp_path / "outer")
    outer.git("submodule", "--quiet", "add", str(repository.path), "estate")
    outer.commit("with the estate")
    return Repository(outer.path / "estate"), ""


def _shallow(repository: Repository, tmp_path: Path) -> tuple[Repository, str]:
    append(repository, "other.yaml", "Other", "Another")
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.path}", str(tmp_path / "shallow"))
    return Repository(tmp_path / "shallow"), ""


def _bare_with_worktrees(repository: Repository, tmp_path: Path) -> tuple[Repository, str]:
    repository.git("clone", "--quiet", "--bare", str(repository.path), str(tmp_path / "project" / ".bare"))
    (tmp_path / "project" / ".git").write_text("gitdir: ./.bare\n")
    Repository(tmp_path / "project").git("worktree", "add", "--quiet", "main")
    return Repository(tmp_path / "project" / "main"), ""


def _separate(repository: Repository, tmp_path: Path) -> tuple[Repository, str]:
    repository.git("init", "--quiet", f"--separate-git-dir={tmp_path / 'elsewhere'}")
    return repository, ""


def _subfolder(repository: Repository, tmp_path: Path) -> tuple[Repository, str]:
    made = new(tmp_path / "mono")
    fill(made, "clusters/:(top) -x* [ü]/")
    made.write("app.yaml", "not the estate's\n")
    made.commit("another app.yaml")
    return made, "clusters/:(top) -x* [ü]/"


def _sparse(repository: Repository, tmp_path: Path) -> tuple[Repository, str]:
    repository.write("huge/a.yaml", "a: 1\n")
    repository.write("estate/b.yaml", "b: 1\n")
    fill(repository, "estate/")
    repository.git("sparse-checkout", "set", "--cone", "estate")
    assert not (repository.path / "huge").exists()
    return repository, "estate/"


def _partial(repository: Repository, tmp_path: Path) -> tuple[Repository, str]:
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("clone", "--quiet", "--filter=blob:none", f"file://{repository.path}", str(tmp_path / "partial"))
    return Repository(tmp_path / "partial"), ""


def _sha256(repository: Repository, tmp_path: Path) -> tuple[Repository, str]:
    made = new(tmp_path / "long", "--object-format=sha256")
    fill(made)
    return made, ""


def _rebasing(repository: Repository, tmp_path: Path) -> tuple[Repository, str]:
    repository.git("switch", "--quiet", "--create", "topic")
    append(repository, "other.yaml", "Other", "Mine")
    repository.git("switch", "--quiet", "main")
    append(repository, "other.yaml", "Other", "Theirs")
    with pytest.raises(Exception, match="rebase"):
        repository.git("rebase", "main", "topic")
    assert (repository.path / ".git" / "rebase-merge").exists()
    return repository, ""


def _packed(repository: Repository, tmp_path: Path) -> tuple[Repository, str]:
    repository.git("gc", "--quiet")
    return repository, ""


def _through_a_link(repository: Repository, tmp_path: Path) -> tuple[Repository, str]:
    (tmp_path / "link").symlink_to(repository.path)
    return Repository(tmp_path / "link"), ""


@pytest.mark.parametrize(
    "layout",
    [
        _linked,
        _detached,
        _submodule,
        _shallow,
        _bare_with_worktrees,
        _separate,
        _subfolder,
        _sparse,
        _partial,
        _sha256,
        _rebasing,
        _packed,
        _through_a_link,
    ],
    ids=lambda layout: layout.__name__.strip("_").replace("_", "-"),
)
def test_steps_are_made_and_taken_back(
    repository: Repository, tmp_path: Path, layout: Callable[[Repository, Path], tuple[Repository, str]]
) -> None:
    found, folder = layout(repository, tmp_path)
    plan = work(found, folder)
    before = found.git("status", "--porcelain=v2"), found.head
    there_and_back(plan)
    plan.write(CUTOVER)
    if found.git("status", "--porcelain") == "" and found.git("rev-parse", "--abbrev-ref", "HEAD") == "main":
        squash(found, BRANCH)
        assert plan.applied(CUTOVER)
        assert plan.take_back(CUTOVER) == Written()
        assert found.git("show", f"{BACK}:{folder}app.yaml") + "\n" == APP
    else:
        assert (found.git("status", "--porcelain=v2"), found.head) == before
    assert found.git("fsck", "--no-dangling", "--connectivity-only").count("error") == 0


def test_the_checkout_may_be_on_another_branch(repository: Repository) -> None:
    plan = work(repository)
    repository.git("switch", "--quiet", "--create", "topic")
    append(repository, "app.yaml", "user: old", "user: mine")
    there_and_back(plan)


def test_variables_of_a_surrounding_hook_do_not_mislead(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = work(repository)
    other = new(tmp_path / "other")
    for name, value in {
        "GIT_DIR": str(other.path / ".git"),
        "GIT_WORK_TREE": str(other.path),
        "GIT_INDEX_FILE": str(other.path / ".git" / "index"),
        "GIT_OBJECT_DIRECTORY": str(other.path / ".git" / "objects"),
        "GIT_PREFIX": "nowhere/",
        "GIT_NAMESPACE": "nowhere",
        "GIT_CONFIG_PARAMETERS": "'user.name'='Nobody'",
        "GIT_AUTHOR_DATE": "1970-01-01T00:00:00Z",
    }.items():
        monkeypatch.setenv(name, value)
    assert plan.write(CUTOVER) == Written()
    for name in [name for name in os.environ if name.startswith("GIT_") and "CONFIG_GLOBAL" not in name]:
        monkeypatch.delenv(name)
    assert repository.git("log", "-1", "--format=%an %as", BRANCH) != "Olga Operator 1970-01-01"
    assert repository.git("log", "-1", "--format=%an", BRANCH) == "Olga Operator"


def test_line_ending_conversion_is_gits_affair(tmp_path: Path) -> None:
    repository = new(tmp_path / "crlf")
    repository.write(".gitattributes", "*.yaml text eol=crlf\n")
    for path, text in ESTATE.items():
        repository.write(path, text.replace("\n", "\r\n"))
    repository.commit("the estate")
    assert b"\r" not in repository.git("cat-file", "blob", "main:app.yaml").encode()
    plan = work(repository)
    there_and_back(plan)
    plan.write(CUTOVER)
    blob = repository.git("cat-file", "blob", f"{BRANCH}:app.yaml")
    assert "user: new" in blob
    assert "\r" not in blob
    squash(repository, BRANCH)
    assert plan.take_back(CUTOVER) == Written()
    assert repository.git("cat-file", "blob", f"{BACK}:app.yaml") + "\n" == APP


def test_a_link_is_not_edited(repository: Repository) -> None:
    plan = work(repository)
    text = (repository.path / "app.yaml").read_text()
    (repository.path / "app.yaml").unlink()
    (repository.path / "app.yaml").symlink_to(text)
    repository.commit("a link whose target reads like the file")
    assert "symbolic link" in refusal(plan.write(CUTOVER))


def test_a_file_below_a_submodule_is_named_as_that(repository: Repository, tmp_path: Path) -> None:
    outer = new(tmp_path / "outer")
    fill(outer, "estate/")
    plan = work(outer, "estate/")
    outer.git("rm", "-r", "--quiet", "estate")
    outer.git("submodule", "--quiet", "add", str(repository.path), "estate")
    outer.commit("the estate moved to a repository of its own")
    plan = Work(plan.plan, work(outer).store) if (outer.path / "app.yaml").exists() else plan
    # Seen from the outer repository, whose commits have a submodule there.
    (outer.path / "estate" / ".git").rename(tmp_path / "gone")
    match plan.write(CUTOVER, plan.read(CUTOVER)):
        case Conflict(why):
            assert "estate is a submodule" in why
        case other:
            pytest.fail(str(other))


def test_who_commits_must_be_known(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    text = refusal(work(repository).write(CUTOVER))
    assert "git config user.name" in text
    assert "git config user.email" in text
    assert repository.git("branch", "--list", BRANCH) == ""
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Olga")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "olga@example.test")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Olga")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "olga@example.test")
    assert work(repository).write(CUTOVER) == Written()


@pytest.mark.parametrize("way", ["main checkout", "linked worktree", "rebase"])
def test_a_branch_that_somebody_stands_on_is_not_moved_under_them(
    repository: Repository, tmp_path: Path, way: str
) -> None:
    plan = work(repository)
    plan.write(CUTOVER)
    match way:
        case "main checkout":
            repository.git("switch", "--quiet", BRANCH)
        case "linked worktree":
            repository.git("worktree", "add", "--quiet", str(tmp_path / "linked"), BRANCH)
        case _:
            repository.git("config", "sequence.editor", "sed -i 1s/pick/edit/")
            repository.git("rebase", "--quiet", "--interactive", "main", BRANCH)
            assert repository.git("status", "--porcelain=v2", "--branch").count("branch.head (detached)") == 1
    tip = repository.git("rev-parse", BRANCH)
    for outcome in (plan.write(ORPHAN), plan.take_back(CUTOVER)):
        assert "git -C" in refusal(outcome)
    assert repository.git("rev-parse", BRANCH) == tip


@pytest.mark.parametrize(
    ("branch", "words"),
    [("main", "the very branch that is deployed"), ("a..b", "no branch can be called"), ("taken/x", "taken")],
)
def test_a_branch_that_cannot_be_is_refused(repository: Repository, branch: str, words: str) -> None:
    repository.git("branch", "taken")
    plan = work(repository, settings=GitSettings(branch=branch))
    tip = repository.git("rev-parse", "main")
    assert words in refusal(plan.write(CUTOVER))
    assert repository.git("rev-parse", "main") == tip


def test_a_branch_of_somebody_else_with_that_name_is_left_alone(repository: Repository) -> None:
    plan = work(repository)
    repository.git("switch", "--quiet", "--create", BRANCH)
    append(repository, "other.yaml", "Other", "Mine")
    theirs = repository.head
    repository.git("switch", "--quiet", "main")
    assert not plan.applied(CUTOVER)
    match plan.write(CUTOVER):
        case Conflict(why):
            assert "git branch -m" in why
        case other:
            pytest.fail(str(other))
    assert repository.git("rev-parse", BRANCH) == theirs


def test_work_that_another_clone_pushed_is_not_begun_anew(repository: Repository, tmp_path: Path) -> None:
    hub = tmp_path / "hub.git"
    repository.git("clone", "--quiet", "--bare", str(repository.path), str(hub))
    here, there = Repository(tmp_path / "here"), Repository(tmp_path / "there")
    for clone in (here, there):
        repository.git("clone", "--quiet", str(hub), str(clone.path))
    assert work(here).write(CUTOVER) == Written()
    here.git("push", "--quiet", "origin", BRANCH)
    there.git("fetch", "--quiet")
    plan = work(there)
    match plan.write(CUTOVER):
        case Conflict(why):
            command = f"git branch --force {BRANCH} origin/{BRANCH}"
            assert command in why
            there.git(*command.split()[1:])
        case other:
            pytest.fail(str(other))
    assert plan.applied(CUTOVER)
    assert plan.write(ORPHAN) == Written()
    squash(there, BRANCH)
    there.git("push", "--quiet", "origin", "main")
    here.git("fetch", "--quiet")
    assert work(here, commit=repository.head).applied(ORPHAN)


def test_placeholders_of_the_branch_are_filled_in(repository: Repository) -> None:
    plan = work(repository, settings=GitSettings(branch="ops/{phase}/{plan}", subject="chore({phase}): {summary}"))
    assert plan.write(CUTOVER) == Written()
    assert repository.git("log", "-1", "--format=%s", "ops/phase1/phase1-7f3a").startswith("chore(phase1): what ")


@pytest.mark.parametrize("text", ["x/{plam}", "x y", "{", "a\n"])
def test_a_placeholder_that_does_not_exist_is_not_a_name(text: str) -> None:
    with pytest.raises(ValueError, match="branch"):
        GitSettings(branch=text)


def test_a_blob_that_a_partial_clone_lacks_is_asked_for(repository: Repository, tmp_path: Path) -> None:
    first = repository.head
    append(repository, "app.yaml", "two: 2", "two: 22")
    repository.git("config", "uploadpack.allowFilter", "true")
    clone = Repository(tmp_path / "partial")
    repository.git("clone", "--quiet", "--filter=blob:none", f"file://{repository.path}", str(clone.path))
    plan = work(clone, deployed="old")
    clone.git("branch", "old", first)
    with pytest.raises(Unreachable, match="not in this clone") as error:
        plan.read(CUTOVER)
    command = error.value.following.partition("   #")[0]
    clone.git(*command.removeprefix(f"git -C {clone.path} ").split())
    plan.read(CUTOVER)


def test_hooks_in_a_partial_clone_need_the_files_they_may_look_at(repository: Repository, tmp_path: Path) -> None:
    repository.git("config", "uploadpack.allowFilter", "true")
    clone = Repository(tmp_path / "partial")
    repository.git("clone", "--quiet", "--filter=blob:none", f"file://{repository.path}", str(clone.path))
    plan = work(clone)
    append(repository, "other.yaml", "Other", "Another")
    clone.git("fetch", "--quiet")
    hook = clone.path / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\nexit 0\n")
    hook.chmod(0o755)
    command = refusal(plan.write(CUTOVER)).split("\n")[-1]
    assert "archive" in command
    subprocess.run(command, shell=True, check=True)
    assert plan.write(CUTOVER) == Written()


def test_the_repository_is_the_same_in_every_clone(repository: Repository, tmp_path: Path) -> None:
    here = work(repository).store.identity()
    repository.git("clone", "--quiet", str(repository.path), str(tmp_path / "clone"))
    assert work(Repository(tmp_path / "clone")).store.identity() == here == repository.git("rev-parse", "HEAD")
    other = new(tmp_path / "other")
    other.write("x.yaml", "another first commit")
    fill(other)
    assert work(other).store.identity() != here


def test_a_shallow_clone_is_only_itself(repository: Repository, tmp_path: Path) -> None:
    shallow, _ = _shallow(repository, tmp_path)
    assert work(shallow).store.identity() == f"shallow:{shallow.path}/.git"


def test_without_a_repository_nothing_is_known(repository: Repository, tmp_path: Path) -> None:
    plan = work(repository)
    (repository.path / ".git").rename(tmp_path / "gone")
    with pytest.raises(Unreachable, match="not a git repository"):
        plan.read(CUTOVER)
    with pytest.raises(Unreachable):
        plan.store.identity()


def test_a_repository_without_a_checkout_is_refused(repository: Repository, tmp_path: Path) -> None:
    plan = work(repository)
    repository.git("clone", "--quiet", "--bare", str(repository.path), str(tmp_path / "bare"))
    store = type(plan.store)(str(tmp_path / "bare"), plan.store.assignment)
    with pytest.raises(Unreachable, match="without a checkout"):
        store.read(plan.change(CUTOVER))


def test_a_repository_without_a_commit_is_refused(tmp_path: Path) -> None:
    repository = new(tmp_path / "empty")
    for path, text in ESTATE.items():
        repository.write(path, text)
    plan = work(repository, deployed=None, commit="0" * 40)
    with pytest.raises(Unreachable, match="no commit yet"):
        plan.read(CUTOVER)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository to somebody else")
def test_a_repository_of_somebody_else_is_refused_in_gits_words(repository: Repository) -> None:
    plan = work(repository)
    for path in (repository.path, repository.path / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(Unreachable, match="dubious ownership"):
        plan.read(CUTOVER)
    assert "dubious ownership" in refusal(plan.write(CUTOVER, Snapshot(plan.change(CUTOVER).before)))
