"""The files that the agent of one pod writes: each has a name of its own in annotations, and is written once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from migrate.operations.agent import FOLDER
from migrate.operations.secrets import AgentFile
from migrate.planning.secrets.sources import Source
from migrate.planning.secrets.templates import agent_template, paths_of

_LONGEST = 33
"""Annotations end in it, and `agent-template-right-delim-` leaves 36 characters; three are for telling two apart."""


@dataclass(slots=True)
class Files:
    """The files of one pod so far."""

    mode: str = ""
    """What files get that replace variables; empty: as the injector has it."""
    made: dict[tuple[str, str], AgentFile] = field(default_factory=dict)
    paths: dict[str, None] = field(default_factory=dict)

    def add(self, source: Source, called: str, *, folder: str = FOLDER, name: str = "", mode: str | None = None) -> str:
        """A file with what the source says; its path. Raises UnfitError where its template has no equivalent."""
        template = agent_template(source)
        for one in self.made.values():
            if not name and (one.template, one.folder) == (template, folder):
                return one.path
        key = self._key(called)
        wanted = AgentFile(key, folder, name or key, template, self.mode if mode is None else mode)
        held = self.made.setdefault((folder, wanted.name), wanted)
        self.paths |= dict.fromkeys(paths_of(source))
        return held.path

    def _key(self, called: str) -> str:
        """A name for annotations: at most 36 of a-z, 0-9, dot and dash; `file-` at the front means something else."""
        plain = re.sub(r"[^a-z0-9.]+", "-", called.lower()).strip("-.").removeprefix("file-")[:_LONGEST].strip("-.")
        plain, taken = plain or "secret", {one.key for one in self.made.values()}
        names = (plain if number == 1 else f"{plain}-{number}" for number in range(1, 100))
        return next(name for name in names if name not in taken)
