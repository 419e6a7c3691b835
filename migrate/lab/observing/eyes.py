"""What all that watches one workload shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .commands import Children, Log
from .seen import Seen


@dataclass
class Eyes:
    """Which workload, what was seen of it, and where that is told."""

    settings: dict[str, Any]
    """`deployment`, `container`, `path`, `secrets`, `values`, `login`, `owner`; empty where there is no such thing.

    `certificate`: `files` (certificate with key, authorities) in its pods, `host` and `database` that it opens, `role`
    as which one acts there; empty where it shows none.
    `column`: `database`, `relation`, `plain`, `sealed`, `key_column`, and `key` of Vault of a column that is sealed,
    how many `rows` it has, and the `mark` that its values bear; empty where none is.
    """
    log: Log
    children: Children
    seen: Seen = field(default_factory=Seen)

    @property
    def kind(self) -> str:
        """Kind of the workload, as kubectl takes it."""
        first, _, rest = self.settings["deployment"].partition("/")
        return first.lower() if "/" in rest else "deployment"

    @property
    def namespace(self) -> str:
        """Namespace of the workload."""
        return str(self.settings["deployment"].split("/")[-2])

    @property
    def name(self) -> str:
        """Name of the workload."""
        return str(self.settings["deployment"].rpartition("/")[2])

    @property
    def stands(self) -> bool:
        """Whether there is always a pod of it: a job has one when its time comes."""
        return self.kind not in {"job", "cronjob"}
