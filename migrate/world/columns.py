"""Tables with a column that Transit seals: what the database makes of a request, the guard, and the application.

A ciphertext of this world is a text that its plaintext and key give: enough to tell whether the two belong together.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from migrate.model.change import Absent, Change, Doc, State
from migrate.model.errors import Refused
from migrate.model.json import Json, digest, mapping
from migrate.model.target import Target
from migrate.targets.columns import NOTED, Columns, columns_of, version_wanted
from migrate.targets.transit import version_of
from migrate.world.state import Draft, World, written

MODES = {
    "plain": "the plaintext alone",
    "both": "plaintext and ciphertext",
    "sealed": "the ciphertext alone",
}
"""How an application may write its rows."""


def table_at(databases: dict[str, Any], columns: Columns) -> dict[str, Any] | None:
    """The table of these columns, where there is one."""
    found = databases.get(columns.database, {}).get("tables", {}).get(columns.relation)
    return found if isinstance(found, dict) else None


def column_at(databases: dict[str, Any], target: Target) -> dict[str, Any] | None:
    """Where the world keeps a sealed column."""
    columns = columns_of(target)
    table = table_at(databases, columns)
    found = table["columns"].get(columns.sealed) if table else None
    return found if isinstance(found, dict) and target.kind == "sealed" else None


def stored_column(world: World, target: Target) -> State:
    """What the catalogue says of a target of sealing."""
    columns = columns_of(target)
    table = table_at(world.postgres["databases"], columns)
    if table is None:
        raise Refused(
            f"this practice world was made before migrate.yaml named {columns.relation} in database {columns.database}",
            truth="a world is born with the tables and mounts that the settings name, and gets none later",
            undone="nothing was written",
            following="begin a new one: name another folder with --world (or take this one away, if nothing in it is "
            "needed any more)",
        )
    match target.kind:
        case "sealed":
            found = table["columns"].get(columns.sealed)
            return Doc({"type": found["type"], "guarded": bool(table.get("guard"))}) if found else Absent()
        case "plaintext":
            found = table["columns"].get(columns.plain)
            if found is None:
                return Doc({"kept": False})
            return Doc({"kept": True, "type": found["type"], "indexes": [], "required": False})
        case "rewrapped":
            return Doc({"complete": columns.sealed in table["columns"] and not _old(table, columns, target)})
        case _:
            return Doc({"complete": columns.sealed in table["columns"] and not _left(table, columns)})


def _left(table: dict[str, Any], columns: Columns) -> bool:
    return any(row.get(columns.plain) and not row.get(columns.sealed) for row in table["rows"].values())


def _old(table: dict[str, Any], columns: Columns, target: Target) -> list[dict[str, Any]]:
    """The rows whose ciphertext was made with an older version than the target names."""
    rows = [row for row in table["rows"].values() if row.get(columns.sealed)]
    return [row for row in rows if (version_of(row[columns.sealed]) or 0) < version_wanted(target)]


def write_column(draft: Draft, change: Change) -> str:
    """Make a target of sealing what the change wants. Returns the refusal; empty where it was done."""
    columns = columns_of(change.target)
    table = table_at(draft.postgres["databases"], columns)
    if table is None:
        return f'ERROR: relation "{columns.relation}" does not exist'
    match change.target.kind, change.after:
        case "sealed", Doc():
            table["columns"][columns.sealed] = {"type": "text"}
            table["guard"] = [columns.plain, columns.sealed]
            return ""
        case "sealed", Absent():
            return _opened(draft, table, columns, change)
        case "sealing", Doc(value):
            return _sealed(draft, table, columns, str(mapping(value)["with"]))
        case "rewrapped", Doc(value):
            return _rewrapped(draft, _old(table, columns, change.target), columns, str(mapping(value)["with"]))
        case "plaintext", Doc():
            return _dropped(table, columns)
    return "not a column"


def _sealed(draft: Draft, table: dict[str, Any], columns: Columns, key: str) -> str:
    if why := _unusable(draft, key):
        return why
    for row in table["rows"].values():
        if row.get(columns.plain) and not row.get(columns.sealed):
            row[columns.sealed] = ciphertext(draft, key, row[columns.plain])
    return ""


def _rewrapped(draft: Draft, rows: list[dict[str, Any]], columns: Columns, key: str) -> str:
    if why := _unusable(draft, key):
        return why
    for row in rows:
        if not (value := opened(draft, key, row[columns.sealed])):
            return "Vault does not rewrap a row: it was not made with this key, or with a version below its minimum"
        row[columns.sealed] = ciphertext(draft, key, value)
    return ""


def _opened(draft: Draft, table: dict[str, Any], columns: Columns, change: Change) -> str:
    key = str(mapping(change.before.value).get("with")) if isinstance(change.before, Doc) else ""
    alone = [row for row in table["rows"].values() if row.get(columns.sealed) and not row.get(columns.plain)]
    if alone and (why := _unusable(draft, key)):
        return why
    for row in alone:
        row[columns.plain] = opened(draft, key, row[columns.sealed])
    for row in table["rows"].values():
        row.pop(columns.sealed, None)
    table["columns"].pop(columns.sealed, None)
    _unguard(table)
    return ""


def _dropped(table: dict[str, Any], columns: Columns) -> str:
    if _left(table, columns):
        return f"ERROR: some rows of {columns.relation} are not sealed"
    for row in table["rows"].values():
        row.pop(columns.plain, None)
    table["columns"].pop(columns.plain, None)
    _unguard(table)
    return ""


def _unguard(table: dict[str, Any]) -> None:
    table.pop("guard", None)
    table.pop("noted", None)


# --- Vault's part --------------------------------------------------------------------------------------------------


def _unusable(draft: Draft, key: str) -> str:
    if draft.faults.get("vault") or draft.vault["sealed"]:
        return "Vault is sealed, or does not answer: nothing can be encrypted or decrypted"
    return "" if key in draft.paths else f"encryption key not found: {key}"


def ciphertext(draft: Draft, key: str, plain: str) -> str:
    """A value under the newest version of a key."""
    return f"vault:v{_key(draft, key)['latest_version']}:{digest([draft.seed, key, plain])}"


def opened(draft: Draft, key: str, sealed: str) -> str:
    """The value that a ciphertext was made from; empty where Vault does not decrypt it. A world knows every value."""
    if (version_of(sealed) or 0) < _key(draft, key)["min_decryption_version"]:
        return ""
    made = sealed.rpartition(":")[2]
    return next((one for one in draft.vault.get("plain", []) if digest([draft.seed, key, one]) == made), "")


def _key(draft: Draft, key: str) -> dict[str, Any]:
    return {"latest_version": 1, "min_decryption_version": 1} | dict(draft.paths[key]["state"])


# --- the application -----------------------------------------------------------------------------------------------


def written_by_application(draft: Draft, columns: Columns, mode: str) -> str:
    """The application is deployed so that it writes this way, and writes its first row. Returns why it could not."""
    table = table_at(draft.postgres["databases"], columns)
    if table is None or mode not in MODES:
        return "there is no such table" if table is None else f"writes is one of {', '.join(MODES)}"
    if mode != "plain" and columns.sealed not in table["columns"]:
        return f'ERROR: column "{columns.sealed}" does not exist'
    table["mode"] = mode
    if table.get("guard"):
        table.setdefault("noted", {})[mode] = written(draft.now)
    _first_row(draft, table, columns, mode)
    return ""


def _first_row(draft: Draft, table: dict[str, Any], columns: Columns, mode: str) -> None:
    row = next(iter(table["rows"].values()))
    value = row.get(columns.plain) or opened(draft, table["key"], str(row.get(columns.sealed)))
    row.pop(columns.plain, None)
    row.pop(columns.sealed, None)
    if mode != "sealed":
        row[columns.plain] = value
    if mode != "plain":
        row[columns.sealed] = ciphertext(draft, table["key"], value)


# --- what observers see --------------------------------------------------------------------------------------------


def writes(draft: Draft, columns: Columns) -> Json:
    """Whether the guard is there, and what it noted."""
    table = table_at(draft.postgres["databases"], columns)
    if table is None:
        return None
    noted = table.get("noted", {})
    return {"guarded": bool(table.get("guard")), **{one: noted[one] for one in NOTED if one in noted}}


def counted(draft: Draft, columns: Columns) -> Json:
    """How many rows bear which version of the key."""
    table = table_at(draft.postgres["databases"], columns)
    if table is None:
        return None
    found = [row[columns.sealed] for row in table["rows"].values() if row.get(columns.sealed)]
    return {
        "rows": {str(one): count for one, count in sorted(Counter(version_of(text) or 0 for text in found).items())}
    }


def compared(draft: Draft, columns: Columns, key: str) -> Json:
    """Both columns side by side, in numbers of rows."""
    table = table_at(draft.postgres["databases"], columns)
    if table is None or _unusable(draft, key):
        return {}
    counts = dict.fromkeys(("rows", "equal", "differing", "missing", "alone", "unreadable"), 0)
    for row in table["rows"].values():
        counts["rows"] += 1
        counts[_verdict(draft, key, row.get(columns.plain), row.get(columns.sealed))] += 1
    return dict(counts)


def _verdict(draft: Draft, key: str, plain: str | None, sealed: str | None) -> str:
    if not sealed:
        return "missing" if plain else "equal"
    value = opened(draft, key, sealed)
    if not value:
        return "unreadable"
    if not plain:
        return "alone"
    return "equal" if value == plain else "differing"


def restored(draft: Draft, columns: Columns, key: str) -> Json:
    """The same, seen with a Vault restored from a backup; the fault `restored` says that it was too old."""
    found = mapping(compared(draft, columns, key))
    if not found:
        return {}
    if draft.faults.get("restored"):
        found |= {"unreadable": found["rows"], "equal": 0, "alone": 0}
    return {"address": "https://restored.practice.invalid:8200", **found}
