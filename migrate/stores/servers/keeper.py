"""Keeps one run of an agent: a process of its own, so that nothing is left of it however the one that asked ends.

Run as a file, with this interpreter's library and nothing else. Its standard input is a line of JSON, and then open for
as long as somebody wants the answer: at its end, at the time that is set and at its own end the agent is killed and the
folder is gone. What it found comes out as JSON: secrets, so only through a pipe.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_PAUSE = 0.02
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>


def main() -> None:
    """One run, from the line that asks for it to the answer. Writes into one folder of its own."""
    os.umask(0o077)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _stop)
    asked = json.loads(sys.stdin.buffer.readline())
    folder = Path(asked["folder"])
    folder.mkdir(mode=0o700)
    try:
        answer = json.dumps(_ran(asked, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(answer)


def _stop(_: int, __: object) -> None:
    raise SystemExit(1)


def _ran(asked: dict[str, Any], folder: Path) -> dict[str, Any]:
    for name, content in asked["files"].items():
        (folder / name).write_text(content)
    with (folder / "log").open("wb") as log:
        agent = subprocess.Popen(
            [asked["program"], "agent", f"-config={folder / 'agent.json'}"],
            env={"HOME": str(folder), "PATH": os.defpath, "TMPDIR": str(folder)},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=_with_parent,  # noqa: PLW1509  this process has one thread
        )
        try:
            code = _awaited(agent, time.monotonic() + asked["seconds"])
        finally:
            agent.kill()
            agent.wait()
    made = {name: base64.b64encode((folder / name).read_bytes()).decode() for name in _there(folder, asked["made"])}
    return {"code": code, "log": (folder / "log").read_text(errors="replace"), "made": made}


def _with_parent() -> None:
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _awaited(agent: subprocess.Popen[bytes], end: float) -> int | None:
    """Its exit code; None where its time is over. Ends this process where nobody waits any more."""
    while agent.poll() is None:
        if time.monotonic() > end:
            return None
        if select.select([sys.stdin], [], [], _PAUSE)[0]:
            raise SystemExit(1)
    return agent.returncode


def _there(folder: Path, names: list[str]) -> list[str]:
    return [name for name in names if (folder / name).is_file()]


if __name__ == "__main__":
    main()
