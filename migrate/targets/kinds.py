"""What is peculiar to a kind of target: fields nobody can read back, fields that move, lists without order.

Without this every read-back would look like somebody else's change: servers sort, fill in defaults and answer
`2592000` to `720h`.
"""

from __future__ import annotations

from dataclasses import dataclass

from migrate.model.json import Json, mapping
from migrate.model.target import Target


@dataclass(frozen=True, slots=True)
class Kind:
    """How states of one kind of target are read.

    `unread`: fields that the server takes but does not show. `moving`: fields that change by themselves, so no sign
    of anybody. `sets`: lists whose order means nothing. `flat`: a map whose entries stand beside it when written.
    `rising`: counters that never go down, so that more than what is wanted is as good.
    """

    unread: frozenset[str] = frozenset()
    moving: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()
    flat: str = ""
    rising: frozenset[str] = frozenset()


_TOKENS = frozenset({"token_policies", "policies", "token_bound_cidrs", "bound_audiences"})

_JOB = frozenset({"key", "with", "batch", "rate"})

# By store and the last part of the kind: the mount before it is the estate's own word.
_KINDS: dict[tuple[str, str], Kind] = {
    # The password is never returned, and what was written flat comes back nested:
    # https://developer.hashicorp.com/vault/api-docs/secret/databases
    ("vault", "config"): Kind(
        unread=frozenset({"password", "verify_connection", "password_authentication"}),
        moving=frozenset({"plugin_version", "running_plugin_version"}),
        sets=frozenset({"allowed_roles"}),
        flat="connection_details",
    ),
    ("vault", "static-roles"): Kind(moving=frozenset({"last_vault_rotation", "ttl", "next_vault_rotation"})),
    ("vault", "role"): Kind(sets=_TOKENS),
    # Of the PKI engine and of the database engine: no field of the one means something else in the other.
    ("vault", "roles"): Kind(
        sets=frozenset({"allowed_domains", "key_usage", "ext_key_usage", "cn_validations", "allowed_other_sans"})
    ),
    ("postgres", "role"): Kind(
        unread=frozenset({"password"}), sets=frozenset({"connect", "memberOf", "adminOf", "administeredBy"})
    ),
    # Vault rotates a key by itself once the period is over, and shows a time for every version it has.
    ("vault", "keys"): Kind(moving=frozenset({"keys", "latest_version", "min_available_version"})),
    ("vault", "rotation"): Kind(rising=frozenset({"latest_version"})),
    # The guard goes with the plaintext it compares with.
    ("postgres", "sealed"): Kind(unread=_JOB, moving=frozenset({"guarded"})),
    # How a table is sealed is the job's to know; the table only shows whether anything is left.
    ("postgres", "sealing"): Kind(unread=_JOB),
    ("postgres", "rewrapped"): Kind(unread=_JOB),
    ("postgres", "plaintext"): Kind(moving=frozenset({"indexes", "type", "required"})),
    ("cluster", "Deployment"): Kind(moving=frozenset({"replicas", "updated", "ready", "pods", "blocked"})),
    # Whether its values equal their source is no part of what it is: that may be unseen for a while.
    ("cluster", "Secret"): Kind(moving=frozenset({"synced", "unsaid", "settles"})),
}

_PLAIN = Kind()


def kind_of(target: Target) -> Kind:
    """The peculiarities of a target's kind; none where the kind has none."""
    return _KINDS.get((target.store, target.kind.rpartition("/")[2]), _PLAIN)


def flattened(kind: Kind, value: Json) -> dict[str, Json]:
    """A document as it is written, from the document as it is read."""
    found = mapping(value)
    if not kind.flat:
        return dict(found)
    return {key: one for key, one in found.items() if key != kind.flat} | mapping(found.get(kind.flat))
