"""The whole tool at work in a practice world, with one's own hands for what people do: merging."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from migrate.cli.main import run
from migrate.model.errors import Exit
from tests.stores.practice.worlds import git

TURNS = 12


@dataclass(frozen=True)
class Operator:
    """Somebody with an estate, a world and a plan file. Commits of ours lie on branches until `merge`."""

    folder: Path
    branch: str

    @property
    def estate(self) -> Path:
        return self.folder / "estate"

    @property
    def world(self) -> Path:
        return self.folder / "world"

    @property
    def plan_file(self) -> Path:
        return self.folder / "plan.json"

    def type(self, *words: str) -> int:
        """One command in this estate and this world."""
        return run([words[0], *words[1:], "--estate", str(self.estate), "--world", str(self.world)])

    def plan(self, phase: str, credential: str) -> str:
        """Make a plan; returns its digest."""
        assert self.type("plan", phase, "--credential", credential, "-o", str(self.plan_file)) == Exit.DONE
        return str(json.loads(self.plan_file.read_bytes())["digest"])

    def forward(self, digest: str) -> None:
        """Apply and go on, merging whatever waits for that, until everything is done."""
        self._go_on(self.type("apply", str(self.plan_file), "--approve", digest), digest)

    def onward(self, digest: str) -> None:
        """The same for a run that is under way."""
        self._go_on(self.type("resume", "--approve", digest), digest)

    def _go_on(self, code: int, digest: str) -> None:
        for _ in range(TURNS):
            if code == Exit.DONE:
                return
            assert code == Exit.HELD
            self.merge()
            code = self.type("resume", "--approve", digest)
        raise AssertionError("it never ends")

    def back(self) -> None:
        """Roll back, merging whatever waits for that, until everything is taken back."""
        for _ in range(TURNS):
            code = self.type("rollback")
            if code == Exit.DONE:
                return
            assert code == Exit.INCOMPLETE
            self.merge()
        raise AssertionError("it never ends")

    def merge(self) -> None:
        """What a colleague does with our branches."""
        for name in branches(self.estate):
            git(self.estate, "merge", "--quiet", "--no-edit", name)


def branches(estate: Path) -> list[str]:
    found = sorted((estate / ".git/refs/heads/migrate").glob("*"), key=lambda path: path.stat().st_mtime_ns)
    return [f"migrate/{path.name}" for path in found]


def operator(folder: Path, source: Path, branch: str) -> Operator:
    """An operator whose estate is a copy of `source`, deployed from `branch`."""
    made = Operator(folder, branch)
    shutil.copytree(source, made.estate)
    for path in (made.estate, *made.estate.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (made.estate / "migrate.yaml").write_text("soak: {cutover: 0s, contract: 0s}\nbreakGlass: tried today\n")
    git(made.estate, "init", "--quiet", f"--initial-branch={branch}")
    git(made.estate, "add", "--all")
    git(made.estate, "commit", "--quiet", "-m", "estate")
    return made


def content(estate: Path) -> dict[str, bytes]:
    """Every file of the checkout."""
    files = (path for path in estate.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {str(path.relative_to(estate)): path.read_bytes() for path in files}
