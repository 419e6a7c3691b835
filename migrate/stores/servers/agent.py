"""The real agent, run once on this machine: what it writes exists in memory, and nowhere else afterwards.

Its log may quote values (a number that is none is quoted by Go), so only what is known to be harmless is taken from it.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Semaphore
from typing import TypeAlias

from migrate.injector.oneshot import JWT, SINK, TOKEN, Oneshot
from migrate.model.json import canonical, mapping

_KEEPER = str(Path(__file__).with_name("keeper.py"))
_SECONDS = 30
"""It takes less than one where Vault answers."""
_AT_ONCE = Semaphore(2)
"""An agent takes 100 MB, and doctor asks about many workloads side by side."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What it gets into Vault with: a JWT, or a token."""

    secret: str = field(repr=False)
    token: bool


@dataclass(frozen=True, slots=True)
class Wrote:
    """It wrote its files and ended. `token`: what its login gave, to be ended by whoever asked."""

    files: Mapping[str, bytes] = field(repr=False)
    by: str
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """It ended without them. `kind`: login, forbidden, nothing, key, template, start; `at`: the path, key or function
    that it names."""

    kind: str
    at: str
    by: str
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Unclear:
    """What came of it says nothing about the configuration."""

    why: str
    settles: str
    token: str = field(default="", repr=False)


Ran: TypeAlias = Wrote | Fault | Unclear


def program() -> str | None:
    """Vault's agent, or OpenBao's, where one is on the PATH."""
    return shutil.which("vault") or shutil.which("bao")


def memory() -> str | None:
    """A folder on a file system that is in memory only and may be written; None where there is none."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    except OSError:  # not Linux
        return None
    in_memory = {one[1] for one in mounts if one[2] in {"tmpfs", "ramfs"}}
    places = (os.environ.get("XDG_RUNTIME_DIR", ""), "/dev/shm", f"/run/user/{os.getuid()}")
    return next((one for one in places if one in in_memory and os.access(one, os.W_OK | os.X_OK)), None)


def run(agent: str, where: str, entry: Entry, made: Callable[[str], Oneshot]) -> Ran:
    """Run it to its end, for half a minute at most. `made`: the configuration for a folder. Nothing is left of it."""
    folder = f"{where}/migrate-{os.getpid()}-{secrets.token_hex(8)}"
    one = made(folder)
    asked = {
        "program": agent,
        "folder": folder,
        "seconds": _SECONDS,
        "files": {"agent.json": canonical(one.configuration).decode(), TOKEN if entry.token else JWT: entry.secret},
        "made": [*one.files.values(), SINK],
    }
    with _AT_ONCE:
        try:
            said = _kept(json.dumps(asked).encode() + b"\n")
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # there only where the keeper was killed
    return _told(said, one)


def _kept(asked: bytes) -> bytes:
    words = [sys.executable, "-I", _KEEPER]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(asked)
            child.stdin.flush()
            return child.stdout.read()
        except BrokenPipeError:
            return b""
        finally:
            child.stdin.close()


def _told(said: bytes, one: Oneshot) -> Ran:
    try:
        answer = json.loads(said)
    except ValueError:
        return Unclear("the agent was ended before it had written anything", "try again")
    made = {name: base64.b64decode(str(content)) for name, content in mapping(answer["made"]).items()}
    token, log = made.get(SINK, b"").decode("ascii", "replace").strip(), str(answer["log"])
    by = _named(log)
    if answer["code"] == 0 and made.keys() >= set(one.files.values()):
        return Wrote({path: made[name] for path, name in one.files.items()}, by, token)
    if answer["code"] is None:
        return Unclear(f"{by} did not end within {_SECONDS} seconds", "Vault answers again", token)
    return _fault(log, by, token)


def _named(log: str) -> str:
    found = re.search(r"Version: ((?:Vault|OpenBao) v?[\w.+-]+)", log)
    return f"the agent of {found[1]}" if found else "the agent"


_READ = r"vault\.\w+\(([^)\s]*)"
_FAULTS = (
    ("login", re.compile(r"/v1/(auth/[^\s?]+/login)\b[\s\S]{0,200}?Code: 4(?!29)\d\d")),
    ("forbidden", re.compile(_READ + r"[\s\S]{0,400}?Code: 403")),
    ("nothing", re.compile(r"no secret exists at ([^\s\"]+)")),
    ("nothing", re.compile(_READ + r"[\s\S]{0,400}?Code: 4(?!03|29)\d\d")),
    ("key", re.compile(r'map has no entry for key \\?"([^"\\]+)')),
    ("template", re.compile(r"(parse): template: ")),
    ("template", re.compile(r"error calling (\w+):")),
    ("template", re.compile(r"(execute): template: ")),
    ("start", re.compile(r"Error creating \w+ auth method: missing '(\w+)' value")),
)
"""Faults in the agent's own words, the most telling first, and what may be shown of them: names, never values."""
_CLOSED = re.compile(r"Code: (429|5\d\d)|dial tcp|connection re|i/o timeout|tls: |x509: |EOF")
_DENIED = re.compile(r"error calling (\w+): function is disabled")


def _fault(log: str, by: str, token: str) -> Ran:
    if denied := _DENIED.search(log):
        return Unclear(
            f"a template calls {denied[1]}, which reads or writes the machine that it runs on",
            "see in the pod what it writes, or do without it",
            token,
        )
    for kind, pattern in _FAULTS:
        if found := pattern.search(log):
            return Fault(kind, found[1], by, token)
    if _CLOSED.search(log):
        return Unclear(f"{by} did not reach Vault, or Vault could not answer", "Vault answers again", token)
    return Unclear(f"{by} ended for a reason that is not known to this tool", "run it by hand: vault agent", token)
