"""What is kept of rehearsals in the estate's state folder, beside its runs: verdict, observer's log, journals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from migrate.model.json import Json, mapping
from migrate.stores.runs import Runs

SCHEMA = "migrate.rehearsal/v1"
_FILE = "rehearsal.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """A rehearsal that was kept, for status and reports."""

    file: Path
    document: dict[str, Json]

    @property
    def digest(self) -> str:
        """SHA-256 of its file."""
        return hashlib.sha256(self.file.read_bytes()).hexdigest()

    @property
    def ok(self) -> bool:
        """Whether it passed."""
        return self.document.get("ok") is True

    def text(self, name: str) -> str:
        """A field of it, as text."""
        return str(self.document.get(name, ""))


def keep(runs: Runs, document: dict[str, Json], observer: Path | None, states: Path, now: datetime) -> Path:
    """Write a rehearsal down; returns its folder. Raises OSError."""
    runs.prepare()
    document = {**document, "at": now.isoformat(timespec="seconds")}
    folder = runs.folder / "rehearsals" / f"{document['name']}-{now:%Y%m%dT%H%M%S}"
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700)
    if observer is not None and observer.exists():
        runs.write(folder / observer.name, observer.read_bytes())
    for number, journal in enumerate(sorted(states.rglob("journal.jsonl"), key=lambda one: one.stat().st_mtime), 1):
        runs.write(folder / f"journal-{number}.jsonl", journal.read_bytes())
    runs.write(folder / _FILE, text(document))
    return folder


def kept(runs: Runs) -> Iterator[Kept]:
    """Every rehearsal of this estate, newest first; one whose file cannot be read is left out."""
    found = (runs.folder / "rehearsals").glob(f"*/{_FILE}")
    for file in sorted(found, key=lambda one: one.stat().st_mtime, reverse=True):
        try:
            yield Kept(file, mapping(json.loads(file.read_bytes())))
        except (OSError, ValueError):
            continue


def of_plan(runs: Runs, digest: str) -> Iterator[Kept]:
    """The rehearsals of one plan, newest first."""
    return (one for one in kept(runs) if one.document.get("digest") == digest)


def text(document: dict[str, Json]) -> bytes:
    """A document as its file holds it."""
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
