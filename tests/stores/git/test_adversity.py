"""Full disks, read-only disks, two at once, death at any instant: all of a step or nothing, and nothing left over."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.model.ports import Denied, Written
from tests.stores.git.plans import BACK, BRANCH, CUTOVER, ORPHAN, Work, fill, work
from tests.stores.git.repositories import Repository, new
from tests.stores.git.test_backward import squash
from tests.stores.git.test_hooks import hook, script

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = new(tmp_path / "repo")
    fill(made)
    return made


@pytest.fixture
def plan(repository: Repository) -> Work:
    return work(repository)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place)
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("only root can mount a small file system")
    yield place
    subprocess.run(("umount", place), check=True)


def leftovers(repository: Repository) -> list[str]:
    """What a write may have left behind."""
    common = repository.path / ".git"
    folders = [*(common / "migrate").glob("*"), *(common / "worktrees").glob("*")]
    return [str(path) for path in (*folders, *(common / "refs").rglob("*.lock"))]


def test_on_a_full_disk_nothing_happens_and_later_it_does(small_disk: Path) -> None:
    repository = new(small_disk / "repo")
    fill(repository)
    plan = work(repository)
    filler, seen = small_disk / "filler", plan.read(CUTOVER)
    refused = 0
    for spared in range(0, 80, 8):
        _fill(filler, spared * 1024)
        outcome = plan.write(CUTOVER, seen)
        filler.unlink()
        assert leftovers(repository) == []
        assert plan.applied(CUTOVER) == (outcome == Written())
        if outcome == Written():
            assert plan.take_back(CUTOVER) == Written()
        else:
            assert isinstance(outcome, Denied)
            refused += "No space left" in outcome.why
    assert refused > 0
    assert plan.write(CUTOVER) == Written()
    assert repository.git("fsck", "--no-dangling").count("error") == 0


def test_a_lock_that_another_git_left_is_named(repository: Repository, plan: Work) -> None:
    lock = repository.path / ".git" / "refs" / "heads" / f"{BRANCH}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    match plan.write(CUTOVER):
        case Denied(why):
            assert str(lock) in why
        case other:
            pytest.fail(str(other))
    lock.unlink()
    assert plan.write(CUTOVER) == Written()


def _fill(filler: Path, spared: int) -> None:
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError:
            pass
        size = file.tell()
        file.truncate(max(size - spared, 0))


def test_on_a_read_only_disk_reading_works_and_writing_is_refused(small_disk: Path) -> None:
    repository = new(small_disk / "repo")
    fill(repository)
    plan = work(repository)
    subprocess.run(("mount", "-o", "remount,ro", small_disk), check=True)
    seen = plan.read(CUTOVER)
    match plan.write(CUTOVER, seen):
        case Denied(why, following):
            assert "Read-only file system" in why
            assert "writable" in following
        case other:
            pytest.fail(str(other))


def test_of_two_at_once_one_wins_and_the_other_is_told(repository: Repository, tmp_path: Path) -> None:
    """The hook makes each wait until both have built their commit."""
    hook(
        repository,
        "commit-msg",
        f"""mkdir -p {tmp_path}/met; touch {tmp_path}/met/$$; n=0
        while [ "$(ls {tmp_path}/met | wc -l)" -lt 2 ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done""",
    )
    both = [_started(repository, "forward", CUTOVER) for _ in range(2)]
    said = sorted(process.communicate()[0].partition(":")[0] for process in both)
    assert said == ["Conflict", "Written"]
    assert work(repository).applied(CUTOVER)
    assert leftovers(repository) == []


def _started(repository: Repository, way: str, step: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        (sys.executable, "-m", "tests.stores.git.one_write", str(repository.path), way, step),
        cwd=PROJECT,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        text=True,
    )


def _git_that_kills(folder: Path) -> Path:
    """A `git` that kills its caller before or after one of its commands: $DIE_AT is `COMMAND:before|after`."""
    real = shutil.which("git")
    script(
        folder / "git",
        f"""for word in "$@"; do
          case "$word" in add|read-tree|hash-object|update-index|commit|update-ref) at=$word; break;; esac
        done
        [ "$at:before" = "$DIE_AT" ] && {{ kill -9 $PPID; exit 1; }}
        {real} "$@"; code=$?
        [ "$at:after" = "$DIE_AT" ] && kill -9 $PPID
        exit $code""",
    )
    return folder


_MOMENTS = [
    f"{command}:{when}"
    for command in ("add", "read-tree", "hash-object", "update-index", "commit", "update-ref")
    for when in ("before", "after")
]


@pytest.mark.parametrize("moment", _MOMENTS)
def test_killed_anywhere_a_step_is_made_or_not_and_the_next_call_tidies_up(
    repository: Repository, plan: Work, tmp_path: Path, moment: str
) -> None:
    folder = _git_that_kills(tmp_path / "bin")
    process = _started(repository, "forward", CUTOVER, DIE_AT=moment, PATH=f"{folder}:{os.environ['PATH']}")
    process.communicate()
    assert process.returncode == -9
    assert leftovers(repository) != [] or moment == "add:before"
    assert plan.applied(CUTOVER) == (moment == "update-ref:after")
    assert plan.write(CUTOVER) == Written()
    assert plan.write(ORPHAN) == Written()
    assert leftovers(repository) == []
    assert plan.applied(CUTOVER)
    assert repository.git("rev-list", "--count", f"main..{BRANCH}") == "2"
    assert repository.git("worktree", "list").count("\n") == 0


@pytest.mark.parametrize("moment", ["update-ref:before", "update-ref:after"])
@pytest.mark.parametrize("merged", [False, True], ids=["dropping", "reverting"])
def test_killed_on_the_way_back_it_goes_on(
    repository: Repository, plan: Work, tmp_path: Path, moment: str, merged: bool
) -> None:
    plan.write(CUTOVER)
    if merged:
        squash(repository, BRANCH)
    folder = _git_that_kills(tmp_path / "bin")
    process = _started(repository, "back", CUTOVER, DIE_AT=moment, PATH=f"{folder}:{os.environ['PATH']}")
    process.communicate()
    assert process.returncode == -9
    assert plan.applied(CUTOVER) == (moment == "update-ref:before")
    assert plan.take_back(CUTOVER) == Written()
    assert not plan.applied(CUTOVER)
    assert repository.git("branch", "--list", BACK).strip() == (BACK if merged else "")


def test_killed_at_any_instant_it_is_never_half_done(repository: Repository, plan: Work) -> None:
    started = time.monotonic()
    _started(repository, "forward", CUTOVER).communicate()
    lasts = time.monotonic() - started
    assert plan.take_back(CUTOVER) == Written()
    chance = random.Random(7)
    for _ in range(8):
        process = _started(repository, "forward", CUTOVER)
        time.sleep(chance.uniform(0.3, 1.0) * lasts)
        process.kill()
        process.communicate()
        _wait_for_orphans(repository)
        if plan.applied(CUTOVER):
            assert plan.take_back(CUTOVER) == Written()
        assert plan.write(CUTOVER) == Written()
        assert leftovers(repository) == []
        assert plan.take_back(CUTOVER) == Written()
        assert repository.git("branch", "--list").split() == ["*", "main"]


def _wait_for_orphans(repository: Repository) -> None:
    """A git that the killed process had started still ends on its own."""
    while any(_works_in(folder, repository) for folder in Path("/proc").glob("[0-9]*")):
        time.sleep(0.02)


def _works_in(process: Path, repository: Repository) -> bool:
    try:
        return (process / "cwd").readlink().is_relative_to(repository.path)
    except OSError:
        return False


def test_a_room_that_somebody_works_in_is_left_alone(repository: Repository, plan: Work, tmp_path: Path) -> None:
    hook(
        repository,
        "commit-msg",
        f"""case "$(cat "$1")" in *{CUTOVER}*) touch {tmp_path}/inside; n=0
        while [ ! -e {tmp_path}/go ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done;; esac""",
    )
    process = _started(repository, "forward", CUTOVER)
    while not (tmp_path / "inside").exists():
        time.sleep(0.02)
    assert plan.write(ORPHAN) == Written()
    assert leftovers(repository) != []
    (tmp_path / "go").touch()
    assert process.communicate()[0].startswith("Conflict")
    assert leftovers(repository) == []
