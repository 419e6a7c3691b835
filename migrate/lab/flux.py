"""How an estate's Git tree becomes what Flux reconciles in a lab, without a byte of the tree being changed.

What must differ here (where Git is, how often to look, whose certificate Vault shows) are patches in the lab's own
root Kustomization. The tree applies that Kustomization again, as every Flux tree does; the patches stay, since another
field manager owns them.
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from typing import Any

from migrate.lab.demands import Demands, Foreign, Made, Root

_OFTEN = "5s"
_PUSHED = "2s"
"""Between two looks at Git: a cluster is told of a push, or waits a minute."""


def source(root: Root, url: str) -> dict[str, Any]:
    """The lab's GitRepository: the name the tree has for it, the lab's address."""
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"namespace": root.namespace, "name": root.source},
        "spec": {"interval": _PUSHED, "url": url, "ref": {"branch": root.branch}, "timeout": "20s"},
    }


def kustomization(demands: Demands, url: str, authority: bytes, *, pods: bool) -> dict[str, Any]:
    """The lab's root Kustomization, with what must differ as patches. `pods`: whether any can run."""
    root = demands.root
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"namespace": root.namespace, "name": root.name},
        "spec": {
            "interval": "1m",
            "retryInterval": _OFTEN,
            "path": root.path,
            "prune": True,
            "sourceRef": {"kind": "GitRepository", "name": root.source},
            "patches": [_git(root, url), _patience(pods=pods), *_inner(demands, authority)],
        },
    }


def _git(root: Root, url: str) -> dict[str, Any]:
    spec = {"url": url, "interval": _PUSHED, "secretRef": None, "verify": None, "include": None}
    change = {"metadata": {"name": root.source}, "spec": spec}
    return _patch("source.toolkit.fluxcd.io", "GitRepository", root.source, change)


def _patience(*, pods: bool) -> dict[str, Any]:
    """Half an hour between two looks is right for a cluster, and too long for a rehearsal.

    Where no pod runs, nothing that waits for one would end, and all that depends on it would never be applied.
    """
    spec: dict[str, Any] = {"retryInterval": _OFTEN, "interval": "2m"}
    if not pods:
        spec |= {"wait": False, "healthChecks": None, "healthCheckExprs": None}
    return _patch("kustomize.toolkit.fluxcd.io", "Kustomization", "", {"metadata": {"name": "any"}, "spec": spec})


def _inner(demands: Demands, authority: bytes) -> list[dict[str, Any]]:
    """Patches for what the Kustomizations of the tree apply, given to each through a patch of it."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for made in demands.wrong_authorities:
        found[made.by].append(_authority(made, authority))
    for store in demands.foreign_stores:
        found[store.by].append(_nobody(store))
    group = "kustomize.toolkit.fluxcd.io"
    return [
        _patch(group, "Kustomization", name, {"metadata": {"name": name}, "spec": {"patches": patches}})
        for name, patches in ((by.partition("/")[2], patches) for by, patches in found.items())
    ]


def _authority(made: Made, authority: bytes) -> dict[str, Any]:
    """A Secret with Vault's certificate authority that the tree itself makes: here Vault has the lab's."""
    data = {made.key: base64.b64encode(authority).decode()}
    metadata = {"name": made.name, "namespace": made.namespace}
    return _patch("", "Secret", made.name, {"apiVersion": "v1", "metadata": metadata, "data": data})


def _nobody(store: Foreign) -> dict[str, Any]:
    """A store whose provider is not in the lab: ESO's own `fake` provider, with nothing in it."""
    change = [{"op": "replace", "path": "/spec/provider", "value": {"fake": {"data": []}}}]
    return {"target": {"kind": store.kind, "name": store.name}, "patch": json.dumps(change)}


def _patch(group: str, kind: str, name: str, change: dict[str, Any]) -> dict[str, Any]:
    target = {"kind": kind, **({"group": group} if group else {}), **({"name": name} if name else {})}
    version = {"apiVersion": f"{group}/v1"} if group else {}
    return {"target": target, "patch": json.dumps({**version, "kind": kind, **change})}
