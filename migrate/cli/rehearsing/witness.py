"""Starts the observer, which is a stranger to this package, and asks it what is so at each mark."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from migrate.cli.rehearsing.application import ROWS, mark
from migrate.cli.rehearsing.ground import Ground
from migrate.cli.rehearsing.subject import Subject
from migrate.lab import observing
from migrate.lab.world import write, write_json
from migrate.model.errors import Stopped
from migrate.model.json import Json, mapping
from migrate.model.target import Target
from migrate.operations.present_certificate import AUTHORITIES, CERTIFICATE
from migrate.targets.columns import columns_of

LOG = "observer.jsonl"


@dataclass(frozen=True, slots=True)
class Witness:
    """The observer at work, and its log."""

    child: subprocess.Popen[str]
    log: Path

    def mark(self, name: str, expect: dict[str, Json]) -> dict[str, Json]:
        """What it says is so now. Raises Stopped where it is gone."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        try:
            self.child.stdin.write(json.dumps({"mark": name, "expect": expect}) + "\n")
            self.child.stdin.flush()
            line = self.child.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Stopped(
                "the observer of the rehearsal is gone",
                truth="what happened since is not known, so nothing is proven",
                undone="nothing of the estate was touched",
                following="rehearse again",
            )
        return mapping(json.loads(line))


@contextmanager
def watching(ground: Ground, one: Subject) -> Iterator[Witness]:
    """The observer, watching until the end."""
    folder = ground.folder("observer")
    settings = write_json(folder / "settings.json", list(_settings(ground, one)))
    write(folder / ".vault-token", ground.world.credential("vault-root").read_bytes())
    log = folder / LOG
    place = Path(observing.__file__).parents[1]
    child = subprocess.Popen(
        [sys.executable, "-I", "-c", observing.LAUNCH, str(place), "--settings", str(settings), "--log", str(log)],
        env={**ground.environment, "HOME": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Witness(child, log)
    finally:
        _ended(child)


def _settings(ground: Ground, one: Subject) -> Iterator[dict[str, Json]]:
    """What is watched of each workload. The logins are the first one's."""
    for number, watched in enumerate(one.workloads):
        first = number == 0
        yield {
            "deployment": watched.deployment,
            "container": watched.container,
            "path": "/query" if first and one.login else "",
            "secrets": [*watched.secrets],
            "values": [*watched.values],
            "login": one.login if first else "",
            "owner": one.owner if first else "",
            "certificate": _certificate(one) if first else {},
            "column": _column(ground, one) if first else {},
        }


def _certificate(one: Subject) -> dict[str, Json]:
    """What its pods show, to whom; nothing where they show none."""
    if not one.host:
        return {}
    return {"files": [CERTIFICATE, AUTHORITIES], "host": one.host, "database": one.database, "role": one.role}


def _column(ground: Ground, one: Subject) -> dict[str, Json]:
    """Which column is sealed with which key, and how its values can be told; nothing where none is."""
    if not one.column:
        return {}
    columns = columns_of(Target("postgres", "sealed", one.column["columns"]))
    place = {"database": columns.database, "relation": columns.relation, "key_column": one.column["key_column"]}
    kinds = {"plain": columns.plain, "sealed": columns.sealed}
    return {**place, **kinds, "key": one.column["key"], "rows": ROWS, "mark": mark(ground.world).decode()}


def _ended(child: subprocess.Popen[str]) -> None:
    """At the end of its input it ends its own children first."""
    with suppress(OSError):
        assert child.stdin is not None
        child.stdin.close()
    try:
        child.wait(timeout=10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
