"""Whether the operator's own kustomize builds a folder: only its refusal leaves this module, never what it built.

It fetches nothing: a build that needs the network is refused, as it would be without one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from migrate.estate.extract import KUSTOMIZATION_NAMES

_SECONDS = 60
_FLAGS = ("--load-restrictor=LoadRestrictionsNone",)  # as Flux builds
_NOWHERE = "http://127.0.0.1:9"
_OFFLINE = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "HTTP_PROXY": _NOWHERE,
    "HTTPS_PROXY": _NOWHERE,
    "NO_PROXY": "",
}


def program() -> tuple[str, ...] | None:
    """The command that builds a folder: kustomize, else kubectl's own; None where neither is on the PATH."""
    if found := shutil.which("kustomize"):
        return (found, "build")
    return (found, "kustomize") if (found := shutil.which("kubectl")) else None


def refusal(command: tuple[str, ...], root: Path, folder: str) -> str | None:
    """Why it does not build this folder below `root`, in its own words, which may quote a manifest.

    None where it does, or where it could not be asked: the folder has no kustomization (Flux makes one up), or the
    program does not end.
    """
    place = root / folder
    if not any((place / name).is_file() for name in KUSTOMIZATION_NAMES):
        return None
    environment = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
    try:
        done = subprocess.run(
            (*command, *_FLAGS, str(place)), cwd=root, env=environment | _OFFLINE | {"HOME": str(root)}, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stderr.decode("utf-8", "replace").replace(f"{root}/", "") if done.returncode else None
