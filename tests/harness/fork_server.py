"""A program that has the whole tool imported: reads one request a line, runs each in a process forked for it.

It is nobody's parent but theirs, and takes over what a killed one leaves running: an answer means all of it has ended.
"""

from __future__ import annotations

import ctypes
import json
import os
import pkgutil
import signal
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.harness.boundaries import Boundaries, Deed

_SUBREAPER = 36


def warm() -> None:
    """Import everything a command may need."""
    import migrate

    for module in pkgutil.walk_packages(migrate.__path__, "migrate."):
        if not module.name.startswith("migrate.lab"):
            import_module(module.name)


def serve() -> None:
    """Answer requests until standard input ends."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    warm()
    print("ready", flush=True)  # noqa: T201  the other side reads it
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _be(request)
        status = _end(child, request.get("after"), everything=bool(request.get("everything")))
        print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)  # noqa: T201


def _be(request: dict[str, Any]) -> None:
    """The command, in a process of its own. Never returns."""
    code = 70
    try:
        for number, name in enumerate(("out", "err"), start=1):
            os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(request["folder"])
        os.environ.update(request["environment"])
        code = _command(request)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _command(request: dict[str, Any]) -> int:
    import resource
    import secrets

    from migrate.cli.main import run

    trace = os.open(request["trace"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    found = request.get("deed")
    watched = Boundaries(trace, Deed(**found | {"meanwhile": tuple(found["meanwhile"])}) if found else None)
    made = secrets.token_urlsafe

    def noted(nbytes: int | None = None) -> str:
        value = made(nbytes)
        watched.note(f"secret {value}")
        return value

    secrets.token_urlsafe = noted
    if limit := request.get("largest"):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    watched.watch()
    return run(request["arguments"])


def _end(child: int, after: float | None, *, everything: bool) -> int:
    """Wait for the child, killing it after a time, and for all it left behind (`everything`: kill those too)."""
    if after is not None:
        _kill_later(child, after)
    status = os.waitpid(child, 0)[1]
    signal.setitimer(signal.ITIMER_REAL, 0)
    while left := Path("/proc/self/task", str(os.getpid()), "children").read_text().split():
        for one in left if everything else ():
            _kill(int(one))
        os.waitpid(int(left[0]), 0)
    return status


def _kill_later(child: int, seconds: float) -> None:
    signal.signal(signal.SIGALRM, lambda *_: _kill(child))
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _kill(process: int) -> None:
    """End a process that may have ended by itself in this very moment."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


if __name__ == "__main__":
    serve()
