"""Stand-ins for the programs that `rollback.sh` calls: folders of state, asked and answered in the real ones' words.

Run as `python -m tests.planning.programs.vault WORDS...`; `WORLD` names the folder, which also keeps `log`.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def world() -> Path:
    """The folder that stands for the servers."""
    return Path(os.environ["WORLD"])


def note(*words: str) -> None:
    """Remember what was asked."""
    with (world() / "log").open("a", encoding="utf-8") as log:
        log.write(" ".join(words) + "\n")


def put_on_path(folder: Path) -> None:
    """Write `vault`, `psql` and `kubectl` into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("vault", "psql", "kubectl"):
        python, root = shlex.quote(sys.executable), shlex.quote(str(ROOT))
        text = f'#!/bin/sh\nPYTHONPATH={root} exec {python} -m tests.planning.programs.{name} "$@"\n'
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
