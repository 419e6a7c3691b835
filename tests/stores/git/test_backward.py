"""What a step did is taken back, and only that: dropped before a merge, reverted after it, later edits kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.model.change import Blobs
from migrate.model.ports import Conflict, Written
from tests.stores.git.plans import APP, BACK, BRANCH, CUTOVER, ESTATE, ORPHAN, REMOVE, SECRETS, Work, fill, work
from tests.stores.git.repositories import Repository, new

STEPS = (CUTOVER, ORPHAN, REMOVE)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = new(tmp_path / "repo")
    fill(made)
    return made


@pytest.fixture
def plan(repository: Repository) -> Work:
    return work(repository)


def squash(repository: Repository, branch: str) -> str:
    """Merge a branch as hosting services do by default: its content, under another commit."""
    repository.git("merge", "--quiet", "--squash", branch)
    return repository.commit("squashed")


def append(repository: Repository, file: str, old: str, fresh: str) -> None:
    """Somebody edits a file on main."""
    text = (repository.path / file).read_text()
    assert old in text
    repository.write(file, text.replace(old, fresh))
    repository.commit("somebody's edit")


def branches(repository: Repository) -> str:
    return repository.git("branch", "--format=%(refname:short)")


def test_before_the_merge_the_commit_is_dropped_and_the_branch_goes(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    assert plan.take_back(CUTOVER) == Written()
    assert branches(repository) == "main"
    assert not plan.applied(CUTOVER)
    assert plan.take_back(CUTOVER) == Written()


def test_steps_are_dropped_one_by_one(repository: Repository, plan: Work) -> None:
    for step in STEPS:
        plan.write(step)
    tips = [repository.git("rev-parse", f"{BRANCH}~{count}") for count in (1, 2)]
    for step, tip in zip((REMOVE, ORPHAN), tips, strict=True):
        assert plan.take_back(step) == Written()
        assert repository.git("rev-parse", BRANCH) == tip
        assert not plan.applied(step)
    assert plan.applied(CUTOVER)


@pytest.mark.parametrize("merge", ["squash", "merge", "fast-forward", "rebase"])
def test_after_the_merge_a_revert_waits_on_a_branch_of_its_own(repository: Repository, plan: Work, merge: str) -> None:
    for step in STEPS:
        plan.write(step)
    append(repository, "other.yaml", "Other", "Another")
    match merge:
        case "squash":
            squash(repository, BRANCH)
        case "merge":
            repository.git("merge", "--quiet", "--no-ff", "-m", "merged", BRANCH)
        case "fast-forward":
            repository.git("rebase", "--quiet", "main", BRANCH)
            repository.git("switch", "--quiet", "main")
            repository.git("merge", "--quiet", "--ff-only", BRANCH)
        case _:
            repository.git("cherry-pick", f"main..{BRANCH}")
    append(repository, "other.yaml", "Another", "Third")
    deployed = repository.head
    for step in reversed(STEPS):
        assert plan.applied(step)
        assert plan.take_back(step) == Written()
        assert not plan.applied(step)
    assert repository.git("rev-parse", f"{BACK}~3") == deployed
    for file in ("app.yaml", "secrets.yaml", "kustomization.yaml"):
        assert repository.git("show", f"{BACK}:{file}") + "\n" == ESTATE[file]
    assert repository.head == deployed
    tip = repository.git("rev-parse", BACK)
    assert [plan.take_back(step) for step in reversed(STEPS)] == [Written()] * 3
    assert repository.git("rev-parse", BACK) == tip


def test_a_revert_keeps_an_edit_made_after_us(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    squash(repository, BRANCH)
    append(repository, "app.yaml", "two: 2", "two: 22")
    append(repository, "app.yaml", "# the first line stays", "# the first line was changed")
    assert plan.applied(CUTOVER)
    assert plan.take_back(CUTOVER) == Written()
    expected = APP.replace("two: 2", "two: 22").replace("line stays", "line was changed")
    assert repository.git("show", f"{BACK}:app.yaml") + "\n" == expected
    assert not plan.applied(CUTOVER)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("      file: /vault/secrets/login\n", "      file: /vault/secrets/login\n      host: theirs\n"),
        ("      user: new\n", "      # theirs\n      user: new\n"),
    ],
    ids=["below", "above"],
)
def test_an_edit_beside_ours_is_kept(repository: Repository, plan: Work, ours: str, theirs: str) -> None:
    plan.write(CUTOVER)
    squash(repository, BRANCH)
    append(repository, "app.yaml", ours, theirs)
    assert plan.applied(CUTOVER)
    assert plan.take_back(CUTOVER) == Written()
    text = repository.git("show", f"{BACK}:app.yaml")
    assert "theirs" in text
    assert "user: old" in text
    assert "/vault" not in text
    assert not plan.applied(CUTOVER)
    assert plan.observed(f"Reverted/{CUTOVER}")["conflict"] == []


def test_an_edit_of_our_own_lines_is_held_with_both_sides(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    squash(repository, BRANCH)
    append(repository, "app.yaml", "user: new", "user: somebody")
    deployed = repository.head
    match plan.take_back(CUTOVER):
        case Conflict(why):
            assert "app.yaml" in why
            assert "user: somebody" in why
            assert "user: new" in why
            assert "line 11" in why
        case other:
            pytest.fail(str(other))
    assert repository.head == deployed
    assert BACK not in branches(repository)


def test_a_conflict_shows_no_literal(repository: Repository) -> None:
    for old, text in (("user: old", "user: old\n      password: canary-1"),):
        append(repository, "app.yaml", old, text)
    plan = work(repository)
    plan.write(CUTOVER)
    squash(repository, BRANCH)
    append(repository, "app.yaml", "user: new\n      password: canary-1", "user: x\n      password: canary-2")
    match plan.take_back(CUTOVER):
        case Conflict(why):
            assert "(masked)" in why
            assert "canary" not in why
        case other:
            pytest.fail(str(other))


def test_a_file_dropped_and_made_again_by_somebody_is_theirs(repository: Repository, plan: Work) -> None:
    for step in STEPS:
        plan.write(step)
    squash(repository, BRANCH)
    repository.write("secrets.yaml", "kind: Theirs\n")
    repository.commit("theirs")
    assert isinstance(plan.take_back(REMOVE), Conflict)
    assert BACK not in branches(repository)


def test_commits_of_others_on_our_branch_are_never_dropped(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    repository.git("switch", "--quiet", BRANCH)
    append(repository, "other.yaml", "Other", "Another")
    theirs = repository.head
    repository.git("switch", "--quiet", "main")
    assert plan.take_back(CUTOVER) == Written()
    assert repository.git("rev-parse", f"{BRANCH}^") == theirs
    assert repository.git("show", f"{BRANCH}:app.yaml") + "\n" == APP
    assert "Another" in repository.git("show", f"{BRANCH}:other.yaml")
    assert not plan.applied(CUTOVER)


def test_our_commit_with_something_of_others_in_it_is_not_dropped(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    repository.git("switch", "--quiet", BRANCH)
    repository.write("other.yaml", "kind: Amended\n")
    repository.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    repository.git("switch", "--quiet", "main")
    assert plan.take_back(CUTOVER) == Written()
    assert "Amended" in repository.git("show", f"{BRANCH}:other.yaml")
    assert repository.git("show", f"{BRANCH}:app.yaml") + "\n" == APP


def test_a_merged_step_and_an_unmerged_one_go_each_its_own_way(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    squash(repository, BRANCH)
    plan.write(ORPHAN)
    assert repository.git("rev-parse", f"{BRANCH}^") == repository.head
    assert plan.take_back(ORPHAN) == Written()
    assert branches(repository) == "main"
    assert plan.take_back(CUTOVER) == Written()
    assert branches(repository).split() == ["main", BACK]
    assert not plan.applied(CUTOVER)
    assert not plan.applied(ORPHAN)


def test_part_of_a_branch_is_merged(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    plan.write(ORPHAN)
    repository.git("cherry-pick", f"{BRANCH}~1")
    append(repository, "other.yaml", "Other", "Another")
    assert plan.applied(ORPHAN)
    assert plan.take_back(ORPHAN) == Written()
    assert plan.take_back(CUTOVER) == Written()
    assert repository.git("show", f"{BACK}:app.yaml") + "\n" == APP
    assert not plan.applied(CUTOVER)
    assert not plan.applied(ORPHAN)


def test_applying_again_after_a_merged_rollback_starts_from_what_is_deployed(
    repository: Repository, plan: Work
) -> None:
    plan.write(CUTOVER)
    squash(repository, BRANCH)
    plan.take_back(CUTOVER)
    squash(repository, BACK)
    assert not plan.applied(CUTOVER)
    assert plan.write(CUTOVER, run="run-2") == Written()
    assert repository.git("rev-parse", f"{BRANCH}^") == repository.head
    assert plan.read(CUTOVER).mark == "run-2"
    squash(repository, BRANCH)
    assert plan.applied(CUTOVER)
    assert plan.take_back(CUTOVER) == Written()
    assert repository.git("rev-parse", f"{BACK}^") == repository.head


def test_what_was_taken_back_bears_no_mark(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    squash(repository, BRANCH)
    plan.take_back(CUTOVER)
    assert plan.read(CUTOVER).mark is None


def test_nothing_is_applied_on_top_of_a_rollback_that_waits(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    squash(repository, BRANCH)
    plan.take_back(CUTOVER)
    match plan.write(CUTOVER):
        case Conflict(why):
            assert BACK in why
        case other:
            pytest.fail(str(other))


def test_a_change_taken_back_by_hand_needs_nothing_more(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    squash(repository, BRANCH)
    repository.git("revert", "--no-edit", "HEAD")
    assert not plan.applied(CUTOVER)
    assert plan.take_back(CUTOVER) == Written()
    assert BACK not in branches(repository)


def test_a_file_that_comes_back_is_as_executable_as_it_was(repository: Repository) -> None:
    (repository.path / "secrets.yaml").chmod(0o755)
    (repository.path / "app.yaml").chmod(0o755)
    repository.commit("executable")
    plan = work(repository)
    for step in STEPS:
        plan.write(step)
    assert repository.git("ls-tree", BRANCH, "app.yaml").startswith("100755")
    squash(repository, BRANCH)
    assert plan.take_back(REMOVE) == Written()
    assert repository.git("ls-tree", BACK, "secrets.yaml").startswith("100755")


def test_another_edit_of_the_deployed_branch_does_not_hinder_the_drop(repository: Repository, plan: Work) -> None:
    plan.write(CUTOVER)
    append(repository, "app.yaml", "user: old", "user: third")
    theirs = Blobs((("app.yaml", repository.git("rev-parse", "main:app.yaml")),))
    assert plan.take_back(CUTOVER) == Written(theirs)
    assert branches(repository) == "main"
    assert plan.read(CUTOVER).state == theirs
    assert plan.observed(f"Reverted/{CUTOVER}")["merged"] is True
    assert plan.take_back(CUTOVER) == Written(theirs)
    assert branches(repository) == "main"


def test_the_history_that_had_the_file_may_be_gone(repository: Repository, plan: Work) -> None:
    plan.write(ORPHAN)
    plan.write(REMOVE)
    squash(repository, BRANCH)
    repository.git("branch", "-D", BRANCH)
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "--quiet", "--prune=now")
    assert plan.take_back(REMOVE) == Written()
    assert plan.take_back(ORPHAN) == Written()
    assert repository.git("show", f"{BACK}:secrets.yaml") + "\n" == SECRETS
