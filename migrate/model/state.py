"""States as JSON: what plans and journals hold of them."""

from __future__ import annotations

import re

from migrate.model.change import Absent, Blobs, Doc, State
from migrate.model.json import Json, mapping

# `scheme://user:password@`: nobody should write one into a setting, and some do. Vault's own {{password}} is none.
_PASSWORD = re.compile(r"(://[^:/@\s]*:)(?!\{\{)[^@/\s]+@")


def state_json(state: State) -> Json:
    """A state as files hold it."""
    match state:
        case Absent():
            return {"state": "absent"}
        case Doc(value):
            return {"state": "document", "value": value}
        case Blobs(files):
            return {"state": "files", "blobs": dict(files)}


def state_from(value: Json) -> State:
    """The inverse of `state_json`. Raises ValueError where the value is no state."""
    match mapping(value):
        case {"state": "absent"}:
            return Absent()
        case {"state": "document", "value": document}:
            return Doc(document)
        case {"state": "files", "blobs": dict(blobs)}:
            return Blobs(tuple((name, blob if isinstance(blob, str) else None) for name, blob in blobs.items()))
    raise ValueError("not a state")


def without_passwords(state: State) -> State:
    """The state with passwords in addresses masked: what somebody else wrote may hold one, and a journal must not."""
    return Doc(_masked(state.value)) if isinstance(state, Doc) else state


def _masked(value: Json) -> Json:
    if isinstance(value, str):
        return _PASSWORD.sub(r"\1***@", value)
    if isinstance(value, list):
        return [_masked(one) for one in value]
    if isinstance(value, dict):
        return {key: _masked(one) for key, one in value.items()}
    return value
