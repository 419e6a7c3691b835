"""The lab's Git server, and the estate's way into it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import urllib3

from migrate.lab import ports, processes
from migrate.lab.control import Programs
from migrate.lab.machine import search_path
from migrate.lab.web import wait
from migrate.lab.world import World
from migrate.model.errors import Failed

REPOSITORY = "estate.git"


def url(world: World) -> str:
    """Where the estate's repository is cloned from and pushed to."""
    return f"http://{world.address}:{ports.GIT}/{REPOSITORY}"


def start(world: World, programs: Programs) -> None:
    """Make an empty repository and serve it; returns when it is served."""
    repository = world.data("git", REPOSITORY)
    repository.parent.mkdir(mode=0o700)
    git("init", "--quiet", "--bare", str(repository))
    git("-C", str(repository), "config", "http.receivepack", "true")
    command = [str(programs["lab-git"]), f"--listen={world.address}:{ports.GIT}", f"--root={repository.parent}"]
    processes.start(world, "lab-git", command)
    process = processes.recorded(world, "lab-git")
    wait("lab-git", lambda: _served(world), 20, alive=lambda: process is not None and processes.alive(process))


def push(world: World, estate: Path, branch: str) -> None:
    """Bring an estate's files into the repository's branch, as one commit, byte for byte.

    All files as they lie in the folder now, committed there or not; the folder is not changed.
    """
    repository = world.data("git", REPOSITORY)
    with tempfile.TemporaryDirectory(dir=world.data("tmp")) as index:
        environment = {"GIT_DIR": str(repository), "GIT_INDEX_FILE": f"{index}/index", "GIT_WORK_TREE": str(estate)}
        git("-c", "core.autocrlf=false", "add", "--all", "--force", ".", more=environment, place=estate)
        tree = git("write-tree", more=environment)
        commit = git("commit-tree", tree, "-m", "The estate as it was when the lab began", more=environment)
    git("-C", str(repository), "update-ref", f"refs/heads/{branch}", commit)
    git("-C", str(repository), "symbolic-ref", "HEAD", f"refs/heads/{branch}")


def git(*words: str, more: dict[str, str] | None = None, place: Path | None = None) -> str:
    """What Git says, of nobody's settings but its own. Raises Failed where it fails."""
    environment = {
        "PATH": search_path(), "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "lab", "GIT_AUTHOR_EMAIL": "lab@localhost",
        "GIT_COMMITTER_NAME": "lab", "GIT_COMMITTER_EMAIL": "lab@localhost", **(more or {}),
    }  # fmt: skip
    done = subprocess.run(("git", *words), capture_output=True, text=True, check=False, env=environment, cwd=place)
    if done.returncode:
        raise Failed(f"git {words[0]}: {done.stderr.strip()}", undone="The estate is not in the lab.")
    return done.stdout.strip()


def _served(world: World) -> bool:
    try:
        with urllib3.PoolManager(retries=False) as pool:
            return pool.request("GET", f"http://{world.address}:{ports.GIT}/healthz", timeout=2.0).status == 200
    except urllib3.exceptions.HTTPError:
        return False
