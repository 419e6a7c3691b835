"""What a shell offers where a name is wanted. Never raises, never prints: a shell that completes shows no errors."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

_HEAD = 400  # bytes that a file's schema stands in


def _quiet(find: Callable[[], list[str]]) -> Callable[[str], list[str]]:
    @wraps(find)
    def offered(incomplete: str) -> list[str]:
        try:
            return [name for name in find() if name.startswith(incomplete)]
        except Exception:  # noqa: BLE001  no name is better than a stack trace in somebody's prompt
            return []

    # typer looks at the parameters by name and type; those of the wrapped function are not the wrapper's.
    del offered.__wrapped__
    return offered


@_quiet
def runbook_names() -> list[str]:
    """Shipped runbooks, and Markdown files here."""
    from migrate.catalog import shelf

    return [*sorted(path.stem for path in shelf("runbooks").glob("*.md")), *_files("*.md", "docs/runbooks/*.md")]


@_quiet
def phase_names() -> list[str]:
    """The phases."""
    from migrate.catalog import shelf

    return sorted(path.stem for path in shelf("phases").glob("*.yaml"))


@_quiet
def plan_files() -> list[str]:
    """Plans here."""
    return list(_plans())


@_quiet
def run_ids() -> list[str]:
    """The runs of the estate one stands in, newest first."""
    from migrate.cli.place import standing_in
    from migrate.stores.runs import runs_of

    return [folder.id for folder in runs_of(standing_in(), os.environ).all()]


@_quiet
def session_ids() -> list[str]:
    """The sessions of the estate one stands in, newest first."""
    from migrate.cli.place import standing_in
    from migrate.stores.runs import runs_of
    from migrate.stores.sessions import Sessions

    return [folder.id for folder in Sessions(runs_of(standing_in(), os.environ)).all()]


@_quiet
def step_ids() -> list[str]:
    """The steps of every plan here."""
    return list(dict.fromkeys(str(step["id"]) for plan in _plans().values() for step in plan.get("steps", [])))


@_quiet
def session_steps() -> list[str]:
    """The steps of the session that is open in the estate one stands in."""
    from migrate.cli.session.where import chosen

    return [step.id for step in chosen(None, None).runbook.steps]


def _plans() -> dict[str, dict[str, Any]]:
    """The plans here, by file: whatever is called .json and says that it is one."""
    import json

    found = dict[str, dict[str, Any]]()
    for name in _files("*.json"):
        data = Path(name).read_bytes()
        if b'"migrate.plan/' in data[:_HEAD]:
            found[name] = json.loads(data)
    return found


def _files(*patterns: str) -> list[str]:
    return list(dict.fromkeys(str(path) for pattern in patterns for path in sorted(Path().glob(pattern))))
