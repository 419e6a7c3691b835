"""One write in a process of its own, for tests that end it: `python -m tests.stores.git.one_write ROOT WAY STEP`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from migrate.model.config import GitSettings
from migrate.stores.git.store import git_store
from tests.stores.git.plans import DIGEST, ESTATE, NAME, Work, plan_for
from tests.stores.git.repositories import Repository

if __name__ == "__main__":
    _, root, way, step = sys.argv
    first = Repository(Path(root)).git("rev-list", "--max-parents=0", "main")
    plan = plan_for({path: text.encode() for path, text in ESTATE.items()}, first)
    work = Work(plan, git_store(root, plan, NAME, DIGEST, GitSettings(), "main"))
    run = f"run-{os.getpid()}"
    outcome = work.write(step, run=run) if way == "forward" else work.take_back(step, run=run)
    sys.stdout.write(f"{type(outcome).__name__}: {getattr(outcome, 'why', '')}\n")
