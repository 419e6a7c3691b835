"""The cases of a rotation: every column that one application's key seals, since none may be left behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from migrate.model.change import Absent, Doc, State
from migrate.model.config import Config, SealedColumn
from migrate.model.duration import seconds, spoken
from migrate.model.errors import Refused
from migrate.model.json import mapping
from migrate.model.plan import Remark, Step, Unknown
from migrate.model.target import Target
from migrate.operations.column import ColumnSubject, RotationSubject
from migrate.planning.cases import Case, Estate, NothingToDo, Selection
from migrate.planning.column.application import OfApplication
from migrate.planning.column.subjects import of_one_application, subject_of, workload_of
from migrate.planning.compose import Composition
from migrate.planning.servers import Servers


def rotation_cases(estate: Estate, selection: Selection, servers: Servers | None) -> tuple[Case, ...] | NothingToDo:
    """One case for each sealed column of the application that the selection names. Raises Failed, Refused.

    Which version comes next is the key's to say; a plan from Git alone takes 2 for granted, and says so.
    """
    backups = _declared(estate.config)
    workload, columns = _application(estate, selection)
    found = [one for one in columns if servers is None or _is_sealed(one, servers)]
    if not found:
        raise Refused(
            f"no column of {columns[0].unit} is sealed yet",
            undone="no plan was made",
            following="migrate plan phase4",
        )
    version = 1 + (_newest(columns[0].key, servers) if servers else 1)
    return tuple(RotationCase(workload, RotationSubject(one, version), backups) for one in found)


def _declared(config: Config) -> int:
    if config.transit.backups is None:
        raise Refused(
            "nobody has said how long backups of the databases are kept",
            truth="a backup from before the rotation holds ciphertext of older versions, which would not open any more",
            undone="no plan was made",
            following="set transit.backups in migrate.yaml (720h, or 0s where none are made), then plan again",
        )
    return seconds(config.transit.backups)


def _application(estate: Estate, selection: Selection) -> tuple[tuple[Target, str], list[ColumnSubject]]:
    named: tuple[SealedColumn, ...] = of_one_application(estate.config, selection)
    workload = workload_of(named[0], estate.inventory)
    place = Target("git", workload.kind, named[0].workload), workload.file
    return place, [subject_of(one, workload, estate) for one in named]


def _is_sealed(one: ColumnSubject, servers: Servers) -> bool:
    return not isinstance(servers.read(one.columns.target("sealed")), Absent)


def _newest(key: Target, servers: Servers) -> int:
    """The newest version of the key. Raises Refused where there is no such key."""
    state = servers.read(key)
    version = mapping(state.value).get("latest_version") if isinstance(state, Doc) else None
    if not isinstance(version, int):
        raise Refused(
            f"Vault has no key {key.path}, with which columns are sealed",
            truth="without it nothing that is sealed opens",
            undone="no plan was made",
            following="restore it from a backup of Vault; or correct transit.mount and prefix in migrate.yaml",
        )
    return version


@dataclass(frozen=True, slots=True)
class RotationCase(OfApplication):
    """One sealed column, brought to the next version of its key. `backups`: seconds for which they are kept."""

    subject: RotationSubject
    backups: int

    @property
    def assumed(self) -> Mapping[Target, State]:
        """A key of one version, and every row sealed with it."""
        return {
            self.subject.rotation: Doc({"latest_version": self.subject.version - 1}),
            self.subject.rewrapped: Doc({"complete": False}),
            self.subject.column.key: Doc({"min_decryption_version": 1}),
        }

    def names(self, composition: Composition) -> tuple[dict[str, str], ...]:
        """Every name that a check of such a phase may ask for."""
        one = self.subject.column
        return (
            {
                "backups": str(self.backups),
                "columns": one.columns.name,
                "column": f"{one.columns.relation}.{one.columns.sealed}",
                "key": one.key.path,
                "key_column": one.key_column,
                "mount": one.mount,
                "table": one.columns.relation,
                "version": str(self.subject.version),
            },
        )

    def spoken(self, names: dict[str, str]) -> dict[str, str]:
        """The same names for people."""
        return names | {"backups_for": spoken(self.backups)}

    def remarks(self, composition: Composition) -> Iterable[Remark]:
        """What the count cannot see. Raises Refused where there is nothing to bring to another version."""
        if not any(step.operation == "rewrap-rows" for step in composition.steps):
            raise Refused(
                f"no row of {self.subject.column.columns.relation} has a ciphertext: there is nothing to rewrap",
                undone="no plan was made",
                following="plan again once rows are sealed",
            )
        yield self._uncounted()

    def _uncounted(self) -> Remark:
        key = self.subject.column.key.path
        return Remark(
            "transit.uncounted",
            "warning",
            f"only the columns under transit.columns are rewrapped and counted: whatever else {self.subject.unit} has "
            f"sealed with {key} (files, queues, caches, other tables) does not open after the contract stage",
            "name every sealed column under transit.columns, and ask the application's owners for the rest",
            self.subject.file,
        )

    def unknowns(self) -> tuple[Unknown, ...]:
        """What a plan from Git alone could not see."""
        columns, key = self.subject.column.columns, self.subject.column.key.path
        return (
            Unknown("vault", f"which version {key} has", "--live", blocks=True),
            Unknown(f"postgres:{columns.database}", f"which versions rows of {columns.relation} bear", "--live", False),
        )

    def notes(self, steps: tuple[Step, ...]) -> tuple[str, ...]:
        """What stays true after the phase and is written nowhere else."""
        key, version = self.subject.column.key.path, self.subject.version
        return (
            f"Back Vault up as soon as {key} has version {version}: a backup from before does not open rows that were "
            "rewrapped or written since.",
            f"No version of {key} is trimmed (min_available_version stays 0). A backup that turns up and bears older "
            f"versions opens again after: migrate rollback, or vault write {key}/config min_decryption_version=1.",
        )
