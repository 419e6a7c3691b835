"""Which versions of Vault's KV a plan was made with: what is approved is what those hold, and no later ones.

Seen where the servers are: a plan from Git alone has no pins. Numbers and times, never a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrate.estate.held import held_by
from migrate.estate.inventory import Inventory, Secret
from migrate.model.change import Doc
from migrate.model.json import Json, canonical, mapping
from migrate.model.plan import Remark
from migrate.planning.servers import Found
from migrate.targets.kv import metadata_path, versions_of
from migrate.targets.vault import grant


def pins_of(found: Found, paths: Iterable[str]) -> str:
    """The versions as the check `kv.pinned` is told them, canonical JSON by path; empty where none was seen.

    Raises Unreachable.
    """
    pins = {path: seen for path in paths if (seen := _seen(found, path))}
    pinned: dict[str, Json] = {path: {key: seen[key] for key in ("version", "written")} for path, seen in pins.items()}
    return canonical(pinned).decode() if pinned else ""


def _seen(found: Found, path: str) -> dict[str, Json] | None:
    """The newest version; empty where it may not be seen, None where there is none."""
    state = found.look(versions_of(path))
    return mapping(state.value) if isinstance(state, Doc) else None


def pin_remarks(found: Found, paths: Iterable[str], unit: str) -> Iterator[Remark]:
    """The paths whose versions the servers did not show, each with what to do."""
    for path in paths if found.servers.mode != "offline" else ():
        match _seen(found, path):
            case None:
                yield Remark(
                    "kv.pinned",
                    "warning",
                    f"there is nothing at {path}, so {unit} would find nothing there, and no version is pinned",
                    "see what became of it: vault kv metadata get",
                    "",
                )
            case {"version": _}:
                continue
            case _:
                yield Remark(
                    "kv.pinned",
                    "warning",
                    f"the token may not see which version {path} is at: a change of it is noticed by nobody until "
                    "kv.value-equal is asked, and then only where ESO has not copied it yet",
                    "grant it and plan again (migrate policies show plan); it shows no value: "
                    f"{grant(metadata_path(path), 'read')}",
                    "",
                )


def unversioned(secrets: Iterable[Secret], inventory: Inventory) -> Iterator[tuple[str, str]]:
    """The paths of these secrets in mounts of KV version 1, each with its mount."""
    for secret in secrets:
        store = inventory.store_of(secret)
        if store is not None and store.version == "v1":
            yield from ((path, (store.mount or "").strip("/")) for path in held_by(store, secret))


def unversioned_remarks(secrets: Iterable[Secret], inventory: Inventory) -> Iterator[Remark]:
    """That a mount keeps no versions, once."""
    for mount in dict.fromkeys(mount for _, mount in unversioned(secrets, inventory)):
        text = f"{mount} is KV version 1, which keeps no versions: nothing is pinned there"
        fix = "let nobody write there while the run is under way"
        yield Remark("kv.pinned", "info", text, fix, "")
