"""Merged means: what the step committed stands in the deployed branch, however it came there."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.model.change import Absent
from migrate.model.ports import Unreachable
from migrate.model.target import Target
from tests.stores.git.plans import BACK, BRANCH, CUTOVER, ORPHAN, REMOVE, Work, fill, work
from tests.stores.git.repositories import Repository, new
from tests.stores.git.test_backward import append, squash


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = new(tmp_path / "repo")
    fill(made)
    return made


@pytest.fixture
def plan(repository: Repository) -> Work:
    return work(repository)


def test_a_step_that_was_not_made(plan: Work) -> None:
    expected = {"merged": False, "branch": BRANCH, "commit": None, "conflict": [], "deployed": "main", "pushed": []}
    assert plan.observed(f"Applied/{CUTOVER}") == expected
    assert plan.observed(f"Reverted/{CUTOVER}") == expected | {"merged": True, "branch": BACK}


def test_a_step_that_waits_for_its_merge(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    found = plan.observed(f"Applied/{CUTOVER}")
    assert (found["merged"], found["commit"]) == (False, repository.git("rev-parse", BRANCH))


def test_a_squash_with_other_commits_around_it_is_a_merge(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    append(repository, "other.yaml", "Other", "Another")
    merge = squash(repository, BRANCH)
    append(repository, "app.yaml", "two: 2", "two: 22")
    found = plan.observed(f"Applied/{CUTOVER}")
    assert (found["merged"], found["conflict"]) == (True, [])
    assert plan.observed(f"Applied/{CUTOVER}@{merge}") == {"merged": True}
    parent = repository.git("rev-parse", f"{merge}^")
    assert plan.observed(f"Applied/{CUTOVER}@{parent}") == {"merged": False}
    assert plan.observed(f"Reverted/{CUTOVER}@{parent}") == {"merged": True}


def test_an_edit_beside_the_steps_lines_does_not_hide_it(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    squash(repository, BRANCH)
    append(repository, "app.yaml", "user: new", "user: new\n      host: theirs")
    found = plan.observed(f"Applied/{CUTOVER}")
    assert (found["merged"], found["conflict"]) == (True, [])
    assert plan.applied(CUTOVER)


def test_later_steps_of_the_plan_do_not_hide_earlier_ones(repository: Repository, plan: Work) -> None:
    for step in (CUTOVER, ORPHAN, REMOVE):
        plan.write(step)
    squash(repository, BRANCH)
    assert plan.observed(f"Applied/{ORPHAN}")["merged"] is True
    assert plan.observed(f"Reverted/{ORPHAN}")["merged"] is False


def test_an_unmerged_step_that_cannot_be_merged_names_the_file(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    append(repository, "app.yaml", "user: old", "user: third")
    found = plan.observed(f"Applied/{CUTOVER}")
    assert (found["merged"], found["conflict"]) == (False, ["app.yaml"])


def test_half_of_a_step_is_neither_applied_nor_reverted(repository: Repository, plan: Work) -> None:
    plan.write(ORPHAN)
    plan.write(REMOVE)
    squash(repository, BRANCH)
    append(repository, "kustomization.yaml", "  - other.yaml", "  - secrets.yaml\n  - other.yaml")
    assert plan.observed(f"Applied/{REMOVE}")["merged"] is False
    assert plan.observed(f"Reverted/{REMOVE}")["merged"] is False


def test_a_rollback_is_merged_when_its_content_is(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    squash(repository, BRANCH)
    plan.take_back(CUTOVER)
    found = plan.observed(f"Reverted/{CUTOVER}")
    assert (found["merged"], found["branch"], found["commit"]) == (False, BACK, repository.git("rev-parse", BACK))
    squash(repository, BACK)
    append(repository, "app.yaml", "two: 2", "two: 22")
    assert plan.observed(f"Reverted/{CUTOVER}")["merged"] is True
    assert plan.observed(f"Applied/{CUTOVER}")["merged"] is False


def test_copies_of_the_branch_elsewhere_are_named(repository: Repository, tmp_path: Path) -> None:
    new(tmp_path / "hub.git", "--bare")
    repository.git("remote", "add", "origin", str(tmp_path / "hub.git"))
    repository.git("push", "--quiet", "--set-upstream", "origin", "main")
    plan = work(repository)
    plan.write(CUTOVER)
    assert plan.observed(f"Applied/{CUTOVER}")["pushed"] == []
    repository.git("push", "--quiet", "origin", BRANCH)
    assert plan.observed(f"Applied/{CUTOVER}")["pushed"] == [f"origin/{BRANCH}"]
    plan.take_back(CUTOVER)
    assert plan.observed(f"Reverted/{CUTOVER}")["pushed"] == [f"origin/{BRANCH}"]


def test_what_is_deployed_is_what_was_fetched_or_what_is_ahead_of_it(repository: Repository, tmp_path: Path) -> None:
    hub = tmp_path / "hub.git"
    new(hub, "--bare")
    repository.git("remote", "add", "origin", str(hub))
    repository.git("push", "--quiet", "--set-upstream", "origin", "main")
    plan = work(repository)
    assert plan.observed(f"Applied/{CUTOVER}")["deployed"] == "origin/main"
    plan.write(CUTOVER)
    squash(repository, BRANCH)
    assert plan.observed(f"Applied/{CUTOVER}")["deployed"] == "main"
    assert plan.applied(CUTOVER)
    other = Repository(tmp_path / "other")
    repository.git("clone", "--quiet", str(hub), str(other.path))
    append(other, "other.yaml", "Other", "Another")
    other.git("push", "--quiet")
    repository.git("fetch", "--quiet")
    found = plan.observed(f"Applied/{CUTOVER}")
    assert (found["merged"], found["deployed"]) == (False, "origin/main")
    assert "diverged" in str(found["note"])


def test_of_several_remotes_origin_or_the_tracked_one_is_deployed(repository: Repository, tmp_path: Path) -> None:
    for name in ("one", "two", "origin"):
        repository.git("clone", "--quiet", "--bare", str(repository.path), str(tmp_path / name))
        repository.git("remote", "add", name, str(tmp_path / name))
        repository.git("fetch", "--quiet", name)
    plan = work(repository)
    assert plan.observed(f"Applied/{CUTOVER}")["deployed"] == "origin/main"
    repository.git("branch", "--quiet", "--set-upstream-to=two/main", "main")
    assert plan.observed(f"Applied/{CUTOVER}")["deployed"] == "two/main"
    repository.git("branch", "--quiet", "--unset-upstream", "main")
    repository.git("remote", "remove", "origin")
    with pytest.raises(Unreachable, match=r"several remotes: one/main, two/main"):
        plan.read(CUTOVER)


def test_a_branch_that_is_nowhere_here_is_not_taken_for_empty(repository: Repository) -> None:
    plan = work(repository, deployed="production")
    with pytest.raises(Unreachable, match="production"):
        plan.read(CUTOVER)


def test_without_a_git_repository_object_head_is_deployed(repository: Repository) -> None:
    plan = work(repository, deployed=None)
    repository.git("switch", "--quiet", "--detach")
    plan.write(CUTOVER)
    assert plan.observed(f"Applied/{CUTOVER}")["deployed"] == "HEAD"
    squash(repository, BRANCH)
    assert plan.observed(f"Applied/{CUTOVER}")["merged"] is True
    repository.git("switch", "--quiet", BRANCH)
    with pytest.raises(Unreachable, match="which branch is deployed"):
        plan.read(CUTOVER)


def test_what_cannot_be_known_is_said(plan: Work) -> None:
    with pytest.raises(Unreachable, match="not in this clone"):
        plan.observed(f"Applied/{CUTOVER}@{'ab' * 20}")
    with pytest.raises(Unreachable, match="Git shows steps only"):
        plan.observed("HelmRelease/watch/app")
    assert plan.store.observe(Target("git", "Applied", "no.such.step")) == Absent()
