"""From an entry of `transit.columns` to what operations need: the application in the tree, its account, its Vault."""

from __future__ import annotations

from migrate.estate.inventory import Inventory, Workload
from migrate.model.config import Config, SealedColumn
from migrate.model.errors import Failed, Refused
from migrate.operations.column import ColumnSubject
from migrate.operations.subject import ServiceAccount
from migrate.planning.accounts import Accounts, accounts
from migrate.planning.cases import Estate, Selection
from migrate.planning.starter import main_store
from migrate.planning.surroundings import injector, vault_side
from migrate.targets.columns import Columns

_POD_KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet"})


def chosen(config: Config, selection: Selection) -> SealedColumn:
    """The one entry that the selection names, by the application or by the column. Raises Failed, Refused."""
    wanted = _named(config, selection)
    if len(wanted) == 1:
        return wanted[0]
    raise _unclear(wanted, config, "one column is sealed by one plan, so that it is approved and taken back alone")


def of_one_application(config: Config, selection: Selection) -> tuple[SealedColumn, ...]:
    """Every entry of the one application that the selection names, by itself or by a column: they share its key.

    Raises Failed, Refused.
    """
    wanted = _named(config, selection)
    if len({one.workload for one in wanted}) == 1:
        return tuple(one for one in config.transit.columns if one.workload == wanted[0].workload)
    raise _unclear(wanted, config, "each application has a key of its own, and one key is rotated by one plan")


def _named(config: Config, selection: Selection) -> list[SealedColumn]:
    if not config.transit.columns:
        raise Failed(
            "no column is named that Transit shall seal",
            undone="no plan was made",
            following="name one under transit.columns in migrate.yaml (docs/how-to/transit.md)",
        )
    return [one for one in config.transit.columns if selection.takes(one.workload) or selection.takes(called(one))]


def _unclear(wanted: list[SealedColumn], config: Config, truth: str) -> Refused:
    names = ", ".join(map(called, wanted or config.transit.columns))
    return Refused(
        f"{'several columns fit' if wanted else 'no column fits'} what is asked for: {names}",
        truth=truth,
        undone="no plan was made",
        following="name one: --workload DATABASE.SCHEMA.TABLE.COLUMN",
    )


def called(one: SealedColumn) -> str:
    """DATABASE.SCHEMA.TABLE.COLUMN."""
    return f"{one.database}.{one.table}.{one.column}"


def columns_of(one: SealedColumn) -> Columns:
    """Where the columns are."""
    schema, _, table = one.table.partition(".")
    return Columns(one.database, schema, table, one.column, one.sealed_name)


def workload_of(one: SealedColumn, inventory: Inventory) -> Workload:
    """The application in the tree. Raises Refused where nothing there makes its pods."""
    found = [w for w in inventory.workloads if f"{w.namespace}/{w.name}" == one.workload and w.wired]
    for workload in sorted(found, key=lambda w: w.kind not in _POD_KINDS):
        return workload
    raise Refused(
        f"nothing in the tree makes pods called {one.workload}, which shall seal {called(one)}",
        undone="no plan was made",
        following="correct transit.columns[].workload in migrate.yaml: NAMESPACE/NAME of its Deployment",
    )


def subject_of(one: SealedColumn, workload: Workload, estate: Estate) -> ColumnSubject:
    """The subject. Raises Refused where the application has no account of its own."""
    tree = estate.inventory, estate.files
    return ColumnSubject(
        unit=one.workload,
        file=workload.file,
        inventory=(f"workload {workload.kind} {one.workload} ({workload.file})",),
        vault=vault_side(estate.config, main_store(estate.inventory), injector(*tree)),
        account=_account(one, workload, accounts(*tree)),
        mount=estate.config.transit.mount.strip("/"),
        columns=columns_of(one),
        key_column=one.key,
        batch=one.batch,
        rate=one.rate,
    )


def _account(one: SealedColumn, workload: Workload, known: Accounts) -> ServiceAccount:
    name = one.account or workload.service_account or "default"
    if name == "default":
        raise Refused(
            f"{one.workload} runs as the default ServiceAccount, as may anybody in {workload.namespace}",
            truth="whoever runs as it could decrypt what the application encrypts",
            undone="no plan was made",
            following=f"give it one of its own ({workload.file}), or name it with transit.columns[].account",
        )
    shared = known.shared_with(workload.namespace, name, workload.kind, workload.name)
    return ServiceAccount(name, False, shared, name)
