"""Who owns a Secret, as a plan says it and as a JSON Patch changes it.

A state names each owner by `Kind/name`: true where it owns, null where it does not. Which uid bears the name is for
the patch to test when it runs, so that a plan holds on another cluster of the same estate too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migrate.model.change import Change, Doc
from migrate.model.json import Json, mapping

KIND = "SecretOwners"
REFERENCES = "/metadata/ownerReferences"

Reference = Mapping[str, Json]
"""An entry of `metadata.ownerReferences`; in plans without its uid."""


def owners(references: Sequence[Reference]) -> dict[str, Json]:
    """The state that these references are."""
    return {named(one): True for one in references}


def named(reference: Reference) -> str:
    """`Kind/name` of an owner."""
    return f"{reference.get('kind')}/{reference.get('name')}"


def lost(change: Change) -> list[str]:
    """The owners that a change takes away."""
    before, after = _said(change.before), _said(change.after)
    return [one for one in before if before[one] and not after.get(one)]


def gained(change: Change) -> list[str]:
    """The owners that a change gives."""
    before, after = _said(change.before), _said(change.after)
    return [one for one in after if after[one] and not before.get(one)]


def _said(state: object) -> dict[str, Json]:
    return mapping(state.value) if isinstance(state, Doc) else {}


def removal(references: Sequence[Reference], gone: Sequence[str]) -> Iterator[dict[str, Json]]:
    """Operations that take these owners off, each behind a test of its uid. From the end, so that places stay true."""
    for place, one in reversed(list(enumerate(references))):
        if named(one) in gone:
            at = f"{REFERENCES}/{place}"
            field = "uid" if one.get("uid") else "name"
            yield {"op": "test", "path": f"{at}/{field}", "value": one.get(field)}
            yield {"op": "remove", "path": at}


def addition(references: Sequence[Reference], new: Sequence[Reference]) -> Iterator[dict[str, Json]]:
    """Operations that put these owners on."""
    if new and not references:
        yield {"op": "add", "path": REFERENCES, "value": []}
    for one in new:
        yield {"op": "add", "path": f"{REFERENCES}/-", "value": dict(one)}


def planned(change: Change) -> list[Json]:
    """The patch as a plan shows it, where the references are the only ones and their uids are not known."""
    here = [_reference(name) for name, owns in _said(change.before).items() if owns]
    back = [_reference(name) for name in gained(change)]
    return [*removal(here, lost(change)), *addition(here, back)]


def _reference(name: str) -> dict[str, Json]:
    kind, _, short = name.partition("/")
    return {"kind": kind, "name": short}
