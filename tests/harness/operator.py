"""Somebody at a keyboard: an estate under Git, a practice world, a state folder, and commands."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from migrate.cli.plan import read_estate
from migrate.planning.deployed import deployed_branch
from tests.harness.boundaries import Deed

_ENOUGH = 14
"""More rounds of "merge, then again" than any plan needs."""
_VERSIONS = {
    "deploy the version of the application that reads both and writes both": "both",
    "deploy the version of the application that neither reads nor writes the plaintext": "sealed",
    "deploy the version that writes the plaintext alone": "plain",
}
"""What a command asks an application's owners for, and how rows are written then."""
SETTINGS = "soak: {cutover: 0s, contract: 0s}\nbreakGlass: kubectl with the certificate of an administrator\n"
PROGRAM = (sys.executable, "-c", "from migrate.cli.main import main; main()")


@dataclass(frozen=True)
class Said:
    """How a command ended. `code` is negative where a signal ended it."""

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str
    points: tuple[str, ...]
    secrets: tuple[str, ...]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Server:
    """The fork server of this test session."""

    def __init__(self) -> None:
        words = (sys.executable, "-m", "tests.harness.fork_server")
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(words, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def ask(self, request: dict[str, Any]) -> int:
        """The exit code of one command."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(json.loads(self._process.stdout.readline())["code"])

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


class Operator:
    """One estate, and everything one types for it."""

    def __init__(self, server: Server, root: Path) -> None:
        self._server, self.root = server, root
        self.estate, self.world, self.state = root / "live/estate", root / "live/world", root / "live/state"
        self.plan = root / "live/plan.json"
        self.branch = "main"
        """The branch that is deployed."""
        self.heard: list[str] = []
        """Everything that was ever printed."""
        self.made: set[str] = set()
        """Every password that was ever generated."""

    # --- beginning ---

    def begin(self, example: Path, settings: str = SETTINGS) -> None:
        """The example in a repository of its own."""
        shutil.copytree(example, self.estate)
        self.branch = deployed_branch(read_estate(self.estate).files) or "main"
        with (self.estate / "migrate.yaml").open("a", encoding="utf-8") as file:
            file.write(settings)
        self.git("init", "--quiet", "--template=", f"--initial-branch={self.branch}")
        for key, value in (("user.name", "ann"), ("user.email", "ann@example.test"), ("commit.gpgsign", "false")):
            self.git("config", key, value)
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", "estate")

    def beside(self) -> Operator:
        """Somebody at another machine: a clone and a state folder of their own, and the same plan and servers."""
        other = Operator(self._server, self.root)
        other.estate, other.state = self.root / "live/clone", self.root / "live/clone-state"
        other.branch = self.branch
        subprocess.run(("git", "clone", "--quiet", str(self.estate), str(other.estate)), check=True)
        for key, value in (("user.name", "bob"), ("user.email", "bob@example.test"), ("commit.gpgsign", "false")):
            other.git("config", key, value)
        return other

    def planned(self, *words: str, phase: str = "phase1") -> Said:
        """A plan for this world in `plan`."""
        return self.run("plan", phase, "-o", str(self.plan), *words)

    @property
    def digest(self) -> str:
        return str(json.loads(self.plan.read_bytes())["digest"])

    @property
    def name(self) -> str:
        return str(json.loads(self.plan.read_bytes())["name"])

    # --- typing ---

    def run(
        self,
        *words: str,
        deed: Deed | None = None,
        after: float | None = None,
        everything: bool = False,
        largest: int = 0,
    ) -> Said:
        """One command, here; `deed`, `after`, `largest` say what befalls it."""
        heard = self.root / "heard"
        heard.mkdir(exist_ok=True)
        arguments = (*words, "--estate", str(self.estate))
        if words[0] not in {"lock", "practice"}:
            arguments = (*arguments, "--world", str(self.world))
        request = {
            "arguments": arguments,
            "folder": str(self.root),
            "environment": self.environment,
            "deed": asdict(deed) if deed else None,
            "after": after,
            "everything": everything,
            "largest": largest,
            **{name: str(heard / name) for name in ("out", "err", "trace")},
        }
        code = self._server.ask(request)
        out, err, trace = ((heard / name).read_text() for name in ("out", "err", "trace"))
        noted = [line.partition(" ") for line in trace.splitlines()]
        points = tuple(rest for kind, _, rest in noted if kind == "point")
        secrets = tuple(rest for kind, _, rest in noted if kind == "secret")
        self.heard += [out, err]
        self.made.update(secrets)
        return Said(arguments, code, out, err, points, secrets)

    def practice(self, *words: str) -> None:
        """Play the other operator."""
        verb, *rest = words
        done = subprocess.run(
            (*PROGRAM, "practice", verb, str(self.world), *rest), capture_output=True, check=False, text=True
        )
        assert done.returncode == 0, done.stderr

    @property
    def environment(self) -> dict[str, str]:
        """What a command of this operator has in its environment."""
        return {"MIGRATE_STATE": str(self.state), "NO_COLOR": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}

    def elsewhere(self, *words: str) -> tuple[str, ...]:
        """The same command as another process' command line."""
        env = ("env", *(f"{key}={value}" for key, value in self.environment.items()))
        arguments = (*words, "--estate", str(self.estate))
        if words[0] != "lock":
            arguments = (*arguments, "--world", str(self.world))
        return (*env, *PROGRAM, *arguments)

    def apply(self, **fate: Any) -> Said:
        return self.run("apply", str(self.plan), "--approve", self.digest, **fate)

    def status(self) -> dict[str, Any]:
        """The newest run as `status --json` tells it; empty where there is none."""
        said = self.run("status", "--json")
        assert said.code == 0, said.err
        runs = json.loads(said.out)["runs"]
        return dict(runs[0]) if runs else {}

    # --- going on ---

    def forward(self) -> Said:
        """Merge and resume until everything is done."""
        return self._rounds(("resume", "--approve", self.digest), waits=4)

    def back(self) -> Said:
        """Roll back and merge until everything is taken back."""
        return self._rounds(("rollback",), waits=7)

    def back_as_far_as_it_goes(self) -> Said:
        """Roll back and merge until nothing moves any more: complete, or what is left is somebody else's."""
        for _ in range(_ENOUGH):
            said, before = self.run("rollback"), self.git("rev-parse", self.branch)
            self.merge()
            if said.code != 7 or self.git("rev-parse", self.branch) == before:
                return said
        raise AssertionError(f"rollback goes on for ever: {said.out}{said.err}")

    def _rounds(self, words: Sequence[str], waits: int) -> Said:
        for _ in range(_ENOUGH):
            said = self.run(*words)
            if said.code != waits:
                return said
            self.merge()
            self.deploy(said)
        raise AssertionError(f"{words} goes on for ever: {said.out}{said.err}")

    def merge(self) -> None:
        """Merge what waits on the plan's branches, as a person would who reads what the commands say."""
        for branch in (f"migrate/{self.name}", f"migrate/{self.name}-rollback"):
            if self.git("branch", "--list", branch) and not self._contains(branch):
                self.git("merge", "--quiet", "--no-edit", branch)

    def deploy(self, said: Said) -> None:
        """Deploy the version of the application that the commands ask for, where they do."""
        for words, writes in _VERSIONS.items():
            if words in said.out:
                gates = json.loads(self.plan.read_bytes())["gates"]
                columns = next(gate["about"]["columns"] for gate in gates if "columns" in gate["about"])
                self.practice("edit", f"postgres:writes/{columns}", "--set", f"writes={writes}")

    def _contains(self, branch: str) -> bool:
        return self.git("rev-list", "--count", f"{self.branch}..{branch}") == "0"

    def git(self, *words: str) -> str:
        """Git in the estate. Raises CalledProcessError."""
        done = subprocess.run(("git", "-C", str(self.estate), *words), capture_output=True, check=True, text=True)
        return done.stdout.strip()

    # --- snapshots ---

    def keep(self, name: str) -> None:
        """Remember everything as it is now."""
        _copy(self.root / "live", self.root / "kept" / name)

    def again(self, name: str) -> None:
        """Have everything as it was: the same paths, so nothing notices."""
        _copy(self.root / "kept" / name, self.root / "live")


def _copy(source: Path, to: Path) -> None:
    if to.exists():
        shutil.rmtree(to)
    shutil.copytree(source, to, symlinks=True)
