"""ServiceAccounts as the tree has them: who runs under which, and what one of the workload's own may be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from migrate.estate.inventory import Inventory, Workload
from migrate.planning.files import Files, objects


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who runs under which ServiceAccount, by namespace and name.

    `names`: which there are, by namespace (empty: wherever it is taken in). Finding out reads every file, so it is only
    asked where somebody needs a new one.
    """

    users: Mapping[tuple[str, str], tuple[Workload, ...]]
    names: Callable[[], Mapping[str, frozenset[str]]]

    def shared_with(self, namespace: str, account: str, kind: str, name: str) -> tuple[str, ...]:
        """`Kind namespace/name` of each workload that runs under it besides the one of that kind and name."""
        return tuple(
            f"{one.kind} {one.namespace}/{one.name}"
            for one in self.users.get((namespace, account), ())
            if (one.kind, one.name) != (kind, name)
        )

    def free(self, namespace: str, wanted: str, today: str) -> str:
        """A name for an account of its own: the wanted one unless somebody has it. `today`: the one it runs under."""
        names = self.names()
        taken = names.get("", frozenset()) | names.get(namespace, frozenset()) | {today}
        return wanted if wanted not in taken else f"{wanted}-vault"


def accounts(inventory: Inventory, files: Files) -> Accounts:
    """Every ServiceAccount that the tree names."""
    users = dict[tuple[str, str], list[Workload]]()
    for one in inventory.workloads:
        if one.wired:
            users.setdefault((one.namespace, one.service_account or "default"), []).append(one)
    return Accounts({key: tuple(some) for key, some in users.items()}, cache(lambda: _names(files)))


def _names(files: Files) -> Mapping[str, frozenset[str]]:
    names = dict[str, set[str]]()
    for found in objects(files, frozenset({"ServiceAccount"})):
        names.setdefault(found.namespace, set()).add(found.name)
    return {key: frozenset(some) for key, some in names.items()}
