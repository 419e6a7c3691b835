"""What checks may look at in the cluster: each kind of target to whom it belongs.

What the kubeconfig's user may not see is left out, so that the check that needs it is inconclusive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from migrate.model.change import Absent, Doc, State
from migrate.model.json import Json
from migrate.model.target import Target
from migrate.stores.cluster.accounts import account
from migrate.stores.cluster.api import Api
from migrate.stores.cluster.flux import helm_release, kustomization
from migrate.stores.cluster.operators import operators
from migrate.stores.cluster.owners import ownership
from migrate.stores.cluster.room import room
from migrate.stores.cluster.secrets import external_secret, secret
from migrate.stores.cluster.trial import dry_run
from migrate.stores.cluster.webhook import webhook
from migrate.stores.cluster.workloads import PLURALS, consumers, workload
from migrate.targets.ownership import KIND

_Shown = dict[str, Json] | None


def _workload(kind: str, api: Api, name: str, asked: str) -> _Shown:
    return workload(api, kind, name)


_SHOWN: dict[str, Callable[[Api, str, str], _Shown]] = {
    **{kind: partial(_workload, kind) for kind in PLURALS},
    "Secret": lambda api, name, _: secret(api, name)[0],
    "ExternalSecret": lambda api, name, _: external_secret(api, name),
    "Kustomization": lambda api, name, _: kustomization(api, name),
    "HelmRelease": lambda api, name, _: helm_release(api, name),
    "ServiceAccount": lambda api, name, _: account(api, name),
    "Webhook": lambda api, _, __: webhook(api),
    "Consumers": lambda api, name, _: consumers(api, name),
    "DatabaseOperator": lambda api, name, _: operators(api, name),
    "DryRun": dry_run,
    "Room": room,
}


@dataclass(frozen=True, slots=True)
class ClusterObserver:
    """One cluster. What takes Vault or the database as well to know is asked of `migrate.stores.servers`."""

    api: Api

    def observe(self, target: Target) -> State:
        """The target as it is now; no keys for a kind that nobody here shows. Raises Unreachable."""
        if target.kind == KIND:
            return ownership(self.api, target.name).state
        show = _SHOWN.get(target.kind)
        name, _, asked = target.name.partition("?")
        found = show(self.api, name, asked) if show else {}
        return Absent() if found is None else Doc(found)
