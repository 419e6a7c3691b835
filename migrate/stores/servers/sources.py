"""Credentials from where the settings say: a file, a variable, a command. Asked for each time, kept by nobody here."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from migrate.model.config import Source
from migrate.model.errors import Refused

_SECONDS = 60


def resolved(source: Source, what: str, setting: str, base: Path) -> str:
    """The credential. Raises Refused with what to do where it cannot be had; its value is never shown.

    Files are relative to `base`; `~` is the operator's home.
    """
    if source.file is not None:
        return _from_file(source, what, base)
    if source.env is not None:
        return _from_environment(source.env, what)
    if source.command is not None:
        return _from_command(source.command, what)
    raise _none(what, f"nothing says where {what} comes from", f"set {setting} in migrate.yaml: file, env or command")


def _from_file(source: Source, what: str, base: Path) -> str:
    path = base / Path(str(source.file)).expanduser()
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        if source.unlock:
            raise _none(what, f"the vault that holds {path} is locked", f"unlock it: {source.unlock}") from None
        raise _none(what, f"there is no file {path}", "unlock what holds it, or name another file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise _none(what, f"{path} cannot be read ({type(error).__name__})", "make it readable for you alone") from None
    if not text:
        raise _none(what, f"{path} is empty", f"unlock it: {source.unlock}" if source.unlock else "fill it")
    return text


def _from_environment(name: str, what: str) -> str:
    if value := os.environ.get(name, "").strip():
        return value
    raise _none(what, f"the variable {name} is not set", f"export {name}=...")


def _from_command(command: str, what: str) -> str:
    words = shlex.split(command)
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, timeout=_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _none(what, f"{words[0]} did not give it ({type(error).__name__})", f"try it: {command}") from None
    if done.returncode or not done.stdout.strip():
        # What it printed may be half a credential.
        raise _none(what, f"{words[0]} ended with {done.returncode} and no credential", f"try it: {command}")
    return done.stdout.strip()


def _none(what: str, why: str, following: str) -> Refused:
    return Refused(f"{what} cannot be had: {why}", undone="no server was asked", following=following)
