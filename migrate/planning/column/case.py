"""The case of a phase that seals a column: one column, and the application that reads and writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from migrate.model.change import Absent, Doc, State
from migrate.model.config import Config
from migrate.model.duration import seconds, spoken
from migrate.model.errors import Refused
from migrate.model.json import mapping, strings
from migrate.model.plan import Remark, Step, Unknown
from migrate.model.target import Target
from migrate.operations.column import ColumnSubject
from migrate.planning.cases import Case, Estate, NothingToDo, Selection
from migrate.planning.column.application import OfApplication
from migrate.planning.column.subjects import chosen, subject_of, workload_of
from migrate.planning.compose import Composition

_QUIET, _SETTLED = "24h", "168h"
"""How long nobody may have written the old way, where the settings do not say."""


def column_cases(estate: Estate, selection: Selection) -> tuple[Case, ...] | NothingToDo:
    """The one column that `migrate.yaml` and the selection name. Raises Failed, Refused."""
    one = chosen(estate.config, selection)
    workload = workload_of(one, estate.inventory)
    subject = subject_of(one, workload, estate)
    believed = (Target("git", workload.kind, one.workload), workload.file)
    return (ColumnCase(believed, subject, estate.config),)


@dataclass(frozen=True, slots=True)
class ColumnCase(OfApplication):
    """One column that an application's key shall seal."""

    subject: ColumnSubject
    config: Config

    @property
    def assumed(self) -> Mapping[Target, State]:
        """There is plaintext, and none of it is sealed."""
        columns = self.subject.columns
        return {
            columns.target("plaintext"): Doc({"kept": True, "type": "text"}),
            columns.target("sealing"): Doc({"complete": False}),
        }

    def names(self, composition: Composition) -> tuple[dict[str, str], ...]:
        """Every name that a check of such a phase may ask for; empty where it is unknown."""
        subject, soak = self.subject, self.config.soak
        return (
            {
                "account": subject.account.wanted,
                "account_comes": "",
                "audience": subject.vault.audience or "",
                "auth_mount": subject.vault.auth_mount,
                "columns": subject.columns.name,
                "column": f"{subject.columns.relation}.{subject.columns.plain}",
                "jwt_role": subject.jwt_role.short,
                "key": subject.key.path,
                "key_column": subject.key_column,
                "mount": subject.mount,
                "namespace": subject.pods_in,
                "paths": " ".join(grant.path for grant in subject.grants({})),
                "policy": subject.policy.short,
                "quiet": str(seconds(soak.cutover or _QUIET)),
                "settled": str(seconds(soak.contract or _SETTLED)),
                "table": subject.columns.relation,
            },
        )

    def spoken(self, names: dict[str, str]) -> dict[str, str]:
        """The same names for people, who should see what is unknown."""
        lengths = {f"{key}_for": spoken(int(names[key])) for key in ("quiet", "settled")}
        return names | lengths | {"audience": names["audience"] or "(unknown)"}

    def remarks(self, composition: Composition) -> Iterable[Remark]:
        """What the application must do itself, and what stands in the way of sealing this column."""
        yield from self._account()
        yield from self._shape(composition)
        yield self._code()
        if self.config.transit.restored is None:
            yield Remark(
                "transit.restored",
                "warning",
                "no restored Vault is named: before the plaintext goes, one must have decrypted rows",
                "restore a backup of Vault to a second server and name it under transit.restored in migrate.yaml",
                "migrate.yaml",
            )

    def _account(self) -> Iterator[Remark]:
        account = self.subject.account
        if account.shared_with:
            yield Remark(
                "pod.sa-shared",
                "blocks",
                f"ServiceAccount {self.subject.pods_in}/{account.name} is shared with {', '.join(account.shared_with)}"
                ", who could decrypt what this application encrypts",
                f"give {self.subject.unit} one of its own",
                self.subject.file,
            )

    def _shape(self, composition: Composition) -> Iterator[Remark]:
        columns = self.subject.columns
        state = composition.found.read(columns.target("plaintext"))
        seen = mapping(state.value) if isinstance(state, Doc) else {}
        if seen.get("kept") is False and isinstance(composition.found.read(columns.target("sealed")), Absent):
            raise Refused(
                f"database {columns.database} has no column {columns.plain} in {columns.relation}",
                undone="no plan was made",
                following="correct transit.columns in migrate.yaml: database, table (SCHEMA.TABLE) and column",
            )
        if indexes := strings(seen.get("indexes")):
            yield Remark(
                "column.shape",
                "blocks",
                f"{columns.relation}.{columns.plain} is in {', '.join(indexes)}: the same value is another ciphertext "
                "each time, so nothing is found by it, sorted by it, or unique",
                "search by a keyed hash in a column of its own, and drop the index",
                "",
            )
        if seen.get("required") is True:
            yield Remark(
                "column.shape",
                "blocks",
                f"{columns.relation}.{columns.plain} may not be empty, so the application cannot stop writing it",
                f"ALTER TABLE {columns.relation} ALTER COLUMN {columns.plain} DROP NOT NULL",
                "",
            )

    def _code(self) -> Remark:
        columns = self.subject.columns
        return Remark(
            "application.code",
            "warning",
            f"{self.subject.unit} must change, and only its owners can: read {columns.sealed} first and "
            f"{columns.plain} where that is empty, then write both, and before the contract stage {columns.sealed} "
            "alone",
            "docs/how-to/transit.md has the code, through the agent on localhost or with a login of its own",
            self.subject.file,
        )

    def unknowns(self) -> tuple[Unknown, ...]:
        """What a plan from Git alone could not see."""
        columns = self.subject.columns
        audience = Unknown("vault.auth.audience", "for whom tokens are made", "set vault.auth.audience", blocks=True)
        return (
            *(() if self.subject.vault.audience else (audience,)),
            Unknown(
                f"postgres:{columns.database}", f"what {columns.relation} looks like, and its rows", "--live", False
            ),
            Unknown("vault", f"whether Transit is mounted at {self.subject.mount}", "gate transit.mount", False),
        )

    def notes(self, steps: tuple[Step, ...]) -> tuple[str, ...]:
        """What stays true after the phase and is written nowhere else."""
        key, columns, backups = self.subject.key.path, self.subject.columns, self.config.transit.backups
        kept = f"({backups}, transit.backups)" if backups else "(how long that is, transit.backups does not say)"
        return (
            f"From the first sealed row on, {columns.relation} is worth as much as Vault's backups: back Vault up at "
            f"least as often as the database, and never restore it to a point before key {key} had the version that "
            "rows bear (vault:vN:...).",
            f"Older versions of {key} are never trimmed (min_available_version stays 0): a backup of the database that "
            "is restored in years opens too.",
            "To retire older versions: migrate plan phase4-rotate. It rewraps every row, counts that none is left, "
            f"waits until no backup from before is left {kept}, and only then raises min_decryption_version.",
            f"Backups of {columns.database} made before the drop hold the plaintext as long as they are kept {kept}.",
        )
