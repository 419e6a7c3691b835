"""The estate as the plan knows it: a clone at the plan's commit. The estate itself is only read."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from migrate.cli.scan import take
from migrate.lab.git import git
from migrate.model.errors import Failed, Refused
from migrate.model.json import Json


def cloned(estate: Path, commit: str | None, folder: Path) -> Path:
    """The estate's tree at that commit, below an empty folder; returns the estate's own folder in it.

    Raises Refused where the plan names no commit or the repository does not have it.
    """
    if commit is None:
        raise Refused(
            "the plan was made from a folder that is no Git repository",
            truth="a run commits its steps, and its way back stands on commits",
            undone="no lab was started",
            following="git init, commit, and plan again",
        )
    try:
        git("clone", "--quiet", "--no-checkout", "--shared", _top(estate), str(folder))
        git("-C", str(folder), "checkout", "--quiet", "--detach", commit)
    except Failed as error:
        raise Refused(
            f"the plan's commit {commit[:12]} cannot be had from {estate}",
            truth=error.happened,
            undone="no lab was started",
            following="fetch it, or plan again where you stand",
        ) from error
    return folder / _prefix(estate)


def working_copy(url: str, folder: Path) -> tuple[Path, str]:
    """A clone of the lab's repository, where the rehearsal's commits are made, and the branch the lab lives from."""
    git("clone", "--quiet", url, str(folder))
    for key, value in (("user.name", "rehearsal"), ("user.email", "rehearsal@localhost"), ("commit.gpgsign", "false")):
        git("-C", str(folder), "config", key, value)
    return folder, git("-C", str(folder), "symbolic-ref", "--short", "HEAD")


def scanned(url: str, folder: Path) -> dict[str, Json]:
    """What `migrate scan` says of the branch that the lab lives from: its totals, and how many the agent serves."""
    git("clone", "--quiet", url, str(folder))
    inventory = take(folder, cached=False).inventory
    return {**inventory.totals(), "served": len(inventory.served)}


def merge(copy: Path, branch: str) -> tuple[str, ...]:
    """Merge whatever stands on another branch, as a person who reviewed it does, and push. Returns what was merged."""
    branches = git("-C", str(copy), "branch", "--format=%(refname:short)", "--no-merged", branch).split()
    for name in branches:
        git("-C", str(copy), "merge", "--quiet", "--no-edit", name)
    if branches:
        git("-C", str(copy), "push", "--quiet", "origin", f"HEAD:{branch}")
    return tuple(branches)


def _top(estate: Path) -> str:
    return _asked(estate, "--show-toplevel")


def _prefix(estate: Path) -> str:
    return _asked(estate, "--show-prefix")


def _asked(estate: Path, what: str) -> str:
    words = ("git", "-C", str(estate), "rev-parse", what)
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    if done.returncode:
        raise Refused(
            f"{estate} is no Git repository",
            truth=done.stderr.strip(),
            undone="no lab was started",
            following="name the estate the plan was made for: --estate DIR",
        )
    return done.stdout.strip()
