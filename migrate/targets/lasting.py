"""Changes that are never taken back, whatever an inverse could be written for: what would be lost with them is said.

Two ways: the thing stays and the way back goes on past it, or everything it stands on stays too.
"""

from __future__ import annotations

from dataclasses import dataclass

from migrate.model.change import Absent, Change


@dataclass(frozen=True, slots=True)
class Undoable:
    """Its inverse is run."""


@dataclass(frozen=True, slots=True)
class Leave:
    """It stays where it is and hurts nobody there; what came before it is taken back all the same."""

    why: str


@dataclass(frozen=True, slots=True)
class Keep:
    """It stays, and without what it stands on something would be lost."""

    why: str


def lasting(change: Change) -> Undoable | Leave | Keep:
    """Whether the way back runs a change's inverse. A rule of the kind of target, so a plan need not say it."""
    target = change.target
    match target.store, target.kind.rpartition("/")[2], change.before, change.after:
        case "vault", "keys", Absent(), _:
            return Leave(
                "a key is never deleted: rows, and backups made meanwhile, may hold what only it decrypts. Once none "
                f"does: vault write {target.path}/config deletion_allowed=true && vault delete {target.path}"
            )
        case "vault", "rotation", _, _:
            return Leave(
                "a version of a key is never taken away: rows, and backups made meanwhile, may bear it; older ones "
                "open as before"
            )
        case "postgres", "rewrapped", _, _:
            return Leave("rows open under the newer version of the key as they did under the older one")
        case "postgres", "sealing", _, _:
            return Leave("sealed values stand beside the plaintext, and go with their own column")
        case "postgres", "plaintext", _, _:
            return Keep(
                f"the plaintext of {target.name} was dropped: its values exist as ciphertext only, so the key, the "
                "policy and the sealed column stay. A backup has the plaintext; else decrypt into a new column"
            )
        case _:
            return Undoable()
