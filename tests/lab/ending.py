"""Kills the tool at work, and looks for what is left of a lab."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from migrate.lab import processes, world

MIGRATE = [sys.executable, "-c", "from migrate.cli.main import main; main()"]


def killed_at(step: str, *words: str) -> world.World:
    """Run a command that brings a lab up and kill it the moment that step is done; the lab that is left."""
    with subprocess.Popen([*MIGRATE, *words], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as tool:
        assert tool.stderr is not None
        seen = next((line for line in tool.stderr if line.strip().startswith(f"{step} ")), "")
        tool.send_signal(signal.SIGKILL)
    assert seen, "the step was never done"
    left = world.load(words[words.index("--name") + 1])
    assert left is not None
    return left


def nothing_of(gone: world.World) -> None:
    """No folder, process, bridge, mount or control group of it is there."""
    assert not gone.folder.exists()
    assert processes.every(gone) == []
    assert not Path(f"/sys/class/net/{gone.bridge}").exists()
    assert str(gone.folder) not in Path("/proc/self/mountinfo").read_text()
    groups = Path("/sys/fs/cgroup")
    assert [*groups.glob(gone.cgroup), *groups.glob(f"*/{gone.cgroup}")] == []
