"""A step becomes one commit on the plan's branch, made of what was approved, and of nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.model.ports import Conflict, Denied, Written
from tests.stores.git.plans import BRANCH, CUTOVER, DIGEST, ORPHAN, REMOVE, Work, fill, work
from tests.stores.git.repositories import Repository, new


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = new(tmp_path / "repo")
    fill(made)
    return made


@pytest.fixture
def plan(repository: Repository) -> Work:
    return work(repository)


def test_a_step_is_one_commit_on_the_plans_branch(repository: Repository, plan: Work) -> None:
    base = repository.head
    assert not plan.applied(CUTOVER)
    assert plan.write(CUTOVER) == Written()
    assert plan.applied(CUTOVER)
    assert repository.git("rev-list", f"main..{BRANCH}").count("\n") == 0
    assert repository.git("rev-parse", f"{BRANCH}^") == base
    assert repository.git("diff", "--numstat", "main", BRANCH) == "2\t1\tapp.yaml"
    assert "user: new" in repository.git("show", f"{BRANCH}:app.yaml")


def test_the_message_says_what_why_and_by_whom(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER, run="run-42")
    message = repository.git("log", "-1", "--format=%B", BRANCH)
    assert message.startswith(f"what {CUTOVER} does\n\nWhat it touches: the pods.\n\n")
    assert f"step {CUTOVER} of plan phase1-7f3a, stage cutover" in message
    trailers = repository.git("log", "-1", "--format=%(trailers)", BRANCH).split("\n")
    assert trailers[:5] == [
        "Migrate-Plan: phase1-7f3a",
        f"Migrate-Digest: {DIGEST}",
        f"Migrate-Step: {CUTOVER}",
        "Migrate-Way: forward",
        "Migrate-Run: run-42",
    ]
    assert repository.git("log", "-1", "--format=%an <%ae>", BRANCH) == "Olga Operator <olga@example.test>"


def test_the_run_that_wrote_last_is_its_mark(plan: Work) -> None:
    assert plan.read(CUTOVER).mark is None
    plan.write(CUTOVER, run="run-42")
    assert plan.read(CUTOVER).mark == "run-42"
    assert plan.read(ORPHAN).mark is None


def test_nothing_of_the_operators_is_touched(repository: Repository, plan: Work) -> None:
    repository.write("other.yaml", "kind: Mine\n")
    repository.write("staged.yaml", "a: 1\n")
    repository.git("add", "staged.yaml")
    repository.write("new.yaml", "a: 1\n")
    before = repository.git("status", "--porcelain=v2", "--branch"), (repository.path / ".git" / "index").read_bytes()
    assert plan.write(CUTOVER) == Written()
    after = repository.git("status", "--porcelain=v2", "--branch"), (repository.path / ".git" / "index").read_bytes()
    assert before == after
    assert "user: old" in (repository.path / "app.yaml").read_text()
    assert repository.git("worktree", "list").count("\n") == 0
    assert list((repository.path / ".git" / "migrate").iterdir()) == []
    assert not (repository.path / ".git" / "worktrees").exists()


def test_steps_pile_up_on_the_branch_until_it_is_merged(repository: Repository, plan: Work) -> None:
    for step in (CUTOVER, ORPHAN, REMOVE):
        assert plan.write(step) == Written()
    assert all(plan.applied(step) for step in (CUTOVER, ORPHAN, REMOVE))
    assert repository.git("rev-list", "--count", f"main..{BRANCH}") == "3"
    assert "secrets.yaml" not in repository.git("ls-tree", "--name-only", BRANCH)
    assert repository.git("show", f"{BRANCH}:kustomization.yaml") == "resources:\n  - app.yaml\n  - other.yaml"


def test_making_a_step_again_changes_nothing(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    tip = repository.git("rev-parse", BRANCH)
    assert plan.write(CUTOVER) == Written()
    assert repository.git("rev-parse", BRANCH) == tip


def test_a_file_changed_elsewhere_needs_a_new_plan(repository: Repository, plan: Work) -> None:
    seen = plan.read(CUTOVER)
    repository.write("app.yaml", (repository.path / "app.yaml").read_text().replace("two: 2", "two: 3"))
    commit = repository.commit("somebody's")
    match plan.write(CUTOVER, seen):
        case Conflict(why):
            assert "app.yaml" in why
            assert commit[:12] in why
            assert "Plan again" in why
        case other:
            pytest.fail(str(other))
    assert repository.git("branch", "--list", BRANCH) == ""


def test_the_contract_stage_leaves_alone_what_others_wrote_in_the_file_since(
    repository: Repository, plan: Work
) -> None:
    plan.write(CUTOVER)
    repository.git("merge", "-q", "--no-edit", BRANCH)
    listed = "resources:\n  - new-app.yaml\n  - app.yaml\n  - secrets.yaml\n  - other.yaml\n# theirs\n"
    repository.write("new-app.yaml", "kind: Theirs\n")
    repository.write("kustomization.yaml", listed)
    repository.write("secrets.yaml", (repository.path / "secrets.yaml").read_text() + "  refreshInterval: 5m\n")
    repository.commit("somebody's")
    assert plan.write(ORPHAN) == Written()
    assert plan.applied(ORPHAN)
    made = repository.git("show", f"{BRANCH}:secrets.yaml")
    assert "creationPolicy: Orphan" in made
    assert "refreshInterval: 5m" in made


@pytest.mark.parametrize(
    "listed", ["app secrets new-app other", "app new-app secrets other", "new-app app secrets other"]
)
def test_an_entry_goes_from_a_list_that_others_added_to(repository: Repository, plan: Work, listed: str) -> None:
    for step in (CUTOVER, ORPHAN):
        plan.write(step)
    repository.git("merge", "-q", "--no-edit", BRANCH)
    repository.write("new-app.yaml", "kind: Theirs\n")
    entries = [f"  - {one}.yaml\n" for one in dict.fromkeys(listed.split())]
    repository.write("kustomization.yaml", "resources:\n" + "".join(entries))
    repository.commit("somebody's")
    assert plan.write(REMOVE) == Written()
    assert plan.applied(REMOVE)
    entries.remove("  - secrets.yaml\n")
    assert repository.git("show", f"{BRANCH}:kustomization.yaml") + "\n" == "resources:\n" + "".join(entries)


def test_a_file_that_others_added_to_does_not_go_whole(repository: Repository, plan: Work) -> None:
    for step in (CUTOVER, ORPHAN):
        plan.write(step)
    repository.git("merge", "-q", "--no-edit", BRANCH)
    repository.write("secrets.yaml", (repository.path / "secrets.yaml").read_text() + "---\nkind: Theirs\n")
    repository.commit("somebody's")
    match plan.write(REMOVE):
        case Conflict(why):
            assert "secrets.yaml" in why
            assert "to another file" in why
        case other:
            pytest.fail(str(other))


def test_where_others_changed_the_very_lines_the_step_may_be_made_by_hand(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    repository.git("merge", "-q", "--no-edit", BRANCH)
    text = (repository.path / "secrets.yaml").read_text()
    repository.write("secrets.yaml", text.replace("    name: login\n", "    name: login\n    creationPolicy: Owner\n"))
    repository.commit("somebody's")
    match plan.write(ORPHAN):
        case Conflict(why):
            assert "by hand" in why
        case other:
            pytest.fail(str(other))
    repository.write("secrets.yaml", text.replace("    name: login\n", "    name: login\n    creationPolicy: Orphan\n"))
    repository.commit("by hand")
    assert plan.applied(ORPHAN)
    assert plan.write(ORPHAN) == Written()


def test_a_file_that_is_gone_is_a_conflict(repository: Repository, plan: Work) -> None:
    (repository.path / "app.yaml").unlink()
    repository.commit("gone")
    assert isinstance(plan.write(CUTOVER), Conflict)


def test_what_changed_since_it_was_read_is_a_conflict(repository: Repository, plan: Work) -> None:
    seen = plan.read(ORPHAN)
    plan.write(ORPHAN)
    plan.write(REMOVE)
    assert isinstance(plan.write(REMOVE, seen=plan.read(CUTOVER)), Conflict)
    assert isinstance(plan.write(ORPHAN, seen=seen), Conflict)


def test_uncommitted_changes_of_needed_files_are_refused_with_the_list(repository: Repository, plan: Work) -> None:
    seen = plan.read(REMOVE)
    plan.write(ORPHAN)
    repository.write("kustomization.yaml", "mine: 1\n")
    (repository.path / "secrets.yaml").unlink()
    match plan.write(REMOVE, plan.read(REMOVE)):
        case Denied(why, following):
            assert "kustomization.yaml, secrets.yaml" in why
            assert "stash" in following
        case other:
            pytest.fail(f"{other} {seen}")
    assert not plan.applied(REMOVE)


def test_edits_that_give_something_else_than_the_plan_says_are_not_committed(repository: Repository) -> None:
    made = work(repository)
    step = made.plan.step(CUTOVER)
    assert step is not None
    object.__setattr__(step.change.files[0], "edits", step.change.files[0].edits[:1])
    assert isinstance(made.write(CUTOVER), Denied)
    assert repository.git("branch", "--list", BRANCH) == ""
