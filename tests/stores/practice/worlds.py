"""The example estate under Git with a practice world beside it, and one's own hands in the engine's place."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from migrate.checks.answer import Answer, Question
from migrate.checks.catalogue import check_of
from migrate.cli.demo import example
from migrate.cli.plan import read_estate
from migrate.model.change import Absent, Change, Doc, State, inverted
from migrate.model.json import Json, mapping
from migrate.model.plan import Gate, Plan, Step, Way
from migrate.model.ports import Move, Outcome, Secrets
from migrate.model.target import Target, parse_target
from migrate.planning.files import blob_id
from migrate.planning.make import make_plan
from migrate.planning.phases import Credential, phase_named
from migrate.planning.prove import apply_diff
from migrate.planning.rendering import reversed_diff
from migrate.stores.practice import practice
from migrate.stores.practice.store import Practice

GRAFANA = "cluster:Deployment/monitoring/kube-prometheus-stack-grafana"
SETTINGS = "database: {address: 'pg.example.test:5432'}\n"


@dataclass
class Clock:
    """A clock that goes on by a second each time somebody looks."""

    at: datetime = field(default_factory=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


@dataclass
class Scene:
    """An estate, its world and a plan."""

    estate: Path
    world: Practice
    clock: Clock

    def seen(self, name: str) -> dict[str, Json]:
        """What an observer sees; empty where there is nothing."""
        state = self.world.observe(parse_target(name))
        return mapping(state.value) if isinstance(state, Doc) else {}

    def there(self, name: str) -> bool:
        return not isinstance(self.world.observe(parse_target(name)), Absent)

    def plan(self, credential: Credential = "static") -> Plan:
        found = make_plan(read_estate(self.estate), phase_named("phase1"), credential)
        assert isinstance(found, Plan)
        return found

    def write(self, step: Step, *, way: Way = "forward", password: str = "canary-written-password") -> Outcome:
        """The step, or its inverse, by hand."""
        change = step.change if way == "forward" else inverted(step.change)
        return self.send(change, way=way, password=password, step=step.id)

    def send(self, change: Change, *, way: Way = "forward", password: str = "", step: str = "by.hand") -> Outcome:
        store = self.world.on(change.target.store)
        move = Move("run-1", "phase1-0000", "0" * 64, step, way, "", change)
        secrets = {one.field: password for one in change.inputs}
        return store.write(move, store.read(change), Secrets(secrets))

    def merge(self, step: Step, *, way: Way = "forward") -> None:
        """The step's edits, committed to the deployed branch."""
        for edit in step.change.files:
            path = self.estate / edit.file
            before = path.read_bytes() if path.exists() else b""
            diff = edit.diff if way == "forward" else reversed_diff(edit.diff)
            wanted = edit.after if way == "forward" else edit.before
            after = apply_diff(before, diff)
            if wanted is None:
                path.unlink()
            else:
                assert blob_id(after) == wanted
                path.write_bytes(after)
        self.commit(f"{way} {step.id}")

    def commit(self, message: str) -> None:
        git(self.estate, "add", "--all")
        git(self.estate, "commit", "--quiet", "-m", message)

    def ask(self, gate: Gate, since: datetime | None = None, **about: str) -> Answer:
        """A gate's check, with Git standing for what is merged."""
        check = check_of(gate.id)
        assert check is not None
        return check.ask(Merged(self.world), Question(dict(gate.about) | about, self.clock.now(), since))


@dataclass
class Merged:
    """An observer for whom everything that was committed is merged."""

    world: Practice

    def observe(self, target: Target) -> State:
        if target.store == "git":
            return Doc({"merged": True, "branch": "migrate/phase1", "commit": None, "conflict": []})
        return self.world.observe(target)


def scene(folder: Path, settings: str = SETTINGS, source: Path | None = None, branch: str = "main") -> Scene:
    """An estate (the example) in a repository of its own, and its world."""
    estate = folder / "estate"
    shutil.copytree(source or example(), estate)
    for path in (estate, *estate.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (estate / "migrate.yaml").write_text(settings)
    git(estate, "init", "--quiet", f"--initial-branch={branch}")
    git(estate, "add", "--all")
    git(estate, "commit", "--quiet", "-m", "estate")
    clock = Clock()
    return Scene(estate, practice(folder / "world", estate, branch, clock.now), clock)


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.test", "-c", "commit.gpgsign=false")
    subprocess.run(("git", "-C", str(folder), *identity, *words), check=True, capture_output=True)
