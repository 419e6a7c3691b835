"""The owner references of a Secret: read, and taken off or put back by one patch that fits only what was read.

A reference is put back only to an ExternalSecret that lives and still fills the Secret. Where there is none, there is
nobody whose it could be, and nothing is written.
"""

from __future__ import annotations

from migrate.model.change import Absent, Change, Doc
from migrate.model.json import Json, mapping, sequence
from migrate.model.ports import Denied, Outcome, Snapshot, Unreachable, Written
from migrate.stores.cluster.api import JSON_PATCH, Answer, Api, metadata, place
from migrate.stores.cluster.secrets import GROUP
from migrate.targets.ownership import addition, gained, lost, owners, removal


def ownership(api: Api, name: str) -> Snapshot:
    """Who owns the Secret. Raises Unreachable, also where it may not be seen: unseen must not look unowned."""
    found = api.look(place(name, "secrets"))
    if found.status == 403:
        namespace = name.partition("/")[0]
        raise Unreachable(
            f"the kubeconfig's user may not read Secret {name}", following=f"grant get on secrets in {namespace}"
        )
    if not found.ok:
        return Snapshot(Absent())
    return Snapshot(Doc(owners(_references(found))), str(metadata(found.body).get("resourceVersion", "")))


def disowned(api: Api, change: Change, seen: Snapshot) -> Outcome | Answer:
    """Make it so, if the Secret still is what was seen. Raises LostError, Unreachable."""
    name = change.target.name
    found = api.look(place(name, "secrets"))
    if not found.ok:
        return Denied(f"Secret {name}: {found.message}")
    new = [one for one in (_owner(api, name, wanted) for wanted in gained(change)) if one]
    if not new and not lost(change):
        return Written(seen.state)
    patch: list[dict[str, Json]] = [
        {"op": "test", "path": "/metadata/uid", "value": metadata(found.body).get("uid")},
        {"op": "test", "path": "/metadata/resourceVersion", "value": seen.version},
        *removal(_references(found), lost(change)),
        *addition(_references(found), new),
    ]
    return api.ask("PATCH", place(name, "secrets"), patch, kind=JSON_PATCH, query={"fieldManager": "migrate"})


def _references(found: Answer) -> list[dict[str, Json]]:
    return [mapping(one) for one in sequence(metadata(found.body).get("ownerReferences"))]


def _owner(api: Api, secret: str, wanted: str) -> dict[str, Json] | None:
    """The reference to an ExternalSecret that lives and fills the Secret, as ESO itself writes it."""
    namespace, _, short = secret.partition("/")
    kind, _, name = wanted.partition("/")
    found = api.custom(GROUP, "externalsecrets", f"{namespace}/{name}")
    if kind != "ExternalSecret" or found is None or not found.ok or "deletionTimestamp" in metadata(found.body):
        return None
    target = mapping(mapping(found.body.get("spec")).get("target"))
    if (target.get("name") or name) != short:
        return None
    return {
        "apiVersion": found.body.get("apiVersion"),
        "kind": kind,
        "name": name,
        "uid": metadata(found.body).get("uid"),
        "controller": True,
        "blockOwnerDeletion": True,
    }
