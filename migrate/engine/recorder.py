"""Writes events down, moves the run on by each, and tells whoever watches."""

from __future__ import annotations

from collections.abc import Callable

from migrate.engine.fold import Run
from migrate.model.json import Json
from migrate.model.log import Event


class Recorder:
    """A run and its journal, kept in step: what is not on disk has not happened."""

    def __init__(
        self, run: Run, append: Callable[[str, dict[str, Json]], Event], tell: Callable[[Event], None]
    ) -> None:
        self.run, self._append, self._tell = run, append, tell

    def note(self, type: str, **data: Json) -> None:  # noqa: A002
        """One event, on disk when this returns. Raises Stopped where the disk does not take it."""
        event = self._append(type, {key: value for key, value in data.items() if value is not None})
        self.run.take(event)
        self._tell(event)
