"""Somebody at the keyboard of a rehearsal: types this tool's own commands, as processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from migrate.cli.rehearsed import VARIABLE
from migrate.cli.rehearsing import estate
from migrate.cli.rehearsing.ground import PROGRAM, Ground
from migrate.model.errors import Stopped
from migrate.model.json import Json, mapping

PATIENCE = 600.0
"""Seconds that one command may take."""
Told = Callable[[dict[str, Json]], None]


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended: its exit code and its last line."""

    code: int
    summary: dict[str, Json]
    events: tuple[dict[str, Json], ...]

    @property
    def held(self) -> dict[str, Json]:
        """What it waits for; empty where it does not."""
        return mapping(self.summary.get("held"))

    @property
    def gate(self) -> str:
        """The gate or the stage it waits at."""
        return str(self.held.get("by", ""))

    @property
    def why(self) -> str:
        """Why it did not go on, in its own words."""
        for part in ("failed", "error", "held"):
            found = mapping(self.summary.get(part))
            if found:
                return str(found.get("reason") or found.get("happened") or "")
        kept = self.summary.get("kept")
        return f"kept: {json.dumps(kept)}" if kept else f"exit {self.code}"


@dataclass(frozen=True, slots=True)
class Operator:
    """Works in a clone of the lab's repository. `told` hears every line that a command prints."""

    ground: Ground
    copy: Path
    branch: str
    rehearsal: Path
    state: Path
    told: Told

    def type(self, *words: str) -> Said:
        """One command with JSON lines, to its end. Raises Stopped where it was killed or never ended."""
        with (self.ground.folder("said") / "stderr").open("w+") as problems:
            child = subprocess.Popen(
                [*self.ground.prefix, sys.executable, *PROGRAM, *words, "--estate", str(self.copy), "--json"],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=problems,
                text=True,
                start_new_session=True,
            )
            lines = list(self._heard(child))
            problems.seek(0)
            problem = problems.read()
        said = Said(child.returncode, next((one for one in lines if one.get("type") == "summary"), {}), tuple(lines))
        if child.returncode < 0 or child.returncode in {64, 70}:
            raise Stopped(
                f"migrate {words[0]} ended with {child.returncode} in the rehearsal",
                truth=problem.strip()[-400:] or "it said nothing",
                undone="nothing of the estate was touched",
                following="rehearse again; if it happens again, report it with what is said above",
            )
        return said

    def _heard(self, child: subprocess.Popen[str]) -> Iterator[dict[str, Json]]:
        """Each line as it comes, told on; ends with the command, which has not for ever."""
        limit = Timer(PATIENCE, child.kill)
        limit.start()
        try:
            for line in child.stdout or ():
                found = mapping(_parsed(line))
                self.told(found)
                yield found
            child.wait()
        finally:
            limit.cancel()
            child.kill()
            child.wait()

    def verify(self) -> tuple[str, ...]:
        """What `migrate verify` finds."""
        child = subprocess.run(
            [*self.ground.prefix, sys.executable, *PROGRAM, "verify", "--estate", str(self.copy), "--json"],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        document = mapping(_parsed(child.stdout))
        found = document.get("findings")
        if not isinstance(found, list):
            return (f"migrate verify ended with {child.returncode}: {child.stderr.strip()[-300:]}",)
        return tuple(f"{mapping(one).get('target')}: {mapping(one).get('text')}" for one in found)

    def merge(self) -> tuple[str, ...]:
        """Merge and push what waits for it; returns the branches."""
        return estate.merge(self.copy, self.branch)

    def _environment(self) -> dict[str, str]:
        own = {VARIABLE: str(self.rehearsal), "MIGRATE_STATE": str(self.state)}
        return {**self.ground.environment, **own}


def _parsed(text: str) -> Json:
    try:
        found: Json = json.loads(text)
    except ValueError:
        return None
    return found
