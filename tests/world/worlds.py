"""A small world made without files, and a commit of an estate for it to follow."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from migrate.world.applied import Applied
from migrate.world.birth import Database, Implied, Store, born
from migrate.world.react import react
from migrate.world.state import Draft, World, draft, finished

START = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
SECRET, EXTERNAL, DEPLOYMENT = "Secret/watch/login", "ExternalSecret/watch/login", "Deployment/watch/grafana"
RELEASE = "HelmRelease/watch/stack"

_EXTERNAL: dict[str, Any] = {
    "by": "flux-system/apps",
    "store": "ClusterSecretStore/vault",
    "target": "login",
    "creationPolicy": "Owner",
    "deletionPolicy": "Retain",
    "refreshInterval": "1h",
    "data": [{"key": "password", "path": "apps/boards", "property": "value"}],
}
_POD: dict[str, Any] = {
    "metadata": {"name": "grafana", "namespace": "watch", "annotations": {}},
    "spec": {"serviceAccountName": "grafana", "containers": [{"name": "grafana", "image": "grafana"}]},
}
_DEPLOYMENT: dict[str, Any] = {
    "by": "flux-system/apps",
    "pod": {"apiVersion": "v1", "kind": "Pod", **_POD},
    "replicas": 1,
    "secrets": ["login"],
    "variables": ["GF_DATABASE_PASSWORD"],
    "database": {
        "name": "boards",
        "user": {"value": "boards"},
        "password": {"secret": "login", "key": "password"},
    },
    "at": ["/spec/values/grafana"],
}


def commit(name: str = "1", change: Callable[[dict[str, Any]], None] | None = None) -> Applied:
    """What the estate asks for; `change` edits it, as a commit would."""
    objects: dict[str, Any] = {
        "Kustomization/flux-system/apps": {},
        EXTERNAL: copy.deepcopy(_EXTERNAL),
        RELEASE: {
            "by": "flux-system/apps",
            "chart": "grafana",
            "version": "1.0.0",
            "makes": {
                DEPLOYMENT: copy.deepcopy(_DEPLOYMENT),
                "ServiceAccount/watch/grafana": {"by": "flux-system/apps", "tokens": True},
            },
            "keeps": [],
        },
        "Injector/injector": {
            "by": "",
            "address": "https://vault.example",
            "failurePolicy": "Ignore",
            "revokes": False,
        },
    }
    if change is not None:
        change(objects)
    return Applied(name * 40, objects)


def new(applied: Applied) -> World:
    """A world born with the commit deployed."""
    implied = Implied(
        stores=(Store("ClusterSecretStore/vault", "kv", True),),
        databases=(Database("boards", "boards", "watch/login", "password"),),
        database_mount="database",
        auth_mount="jwt",
        address="pg.example:5432",
        version=16,
        tls=True,
    )
    return born(implied, applied, "seed", START)


def after(world: World, applied: Applied, minutes: float = 1) -> World:
    """The world so much later."""
    return react(world, applied, START + timedelta(minutes=minutes))


def edited(world: World, change: Callable[[Draft], None]) -> World:
    """The world after somebody's edit."""
    changed = draft(world, START)
    change(changed)
    return finished(changed)


def object_of(world: World, key: str) -> dict[str, Any] | None:
    """An object of the cluster."""
    found: dict[str, Any] | None = world.cluster["objects"].get(key)
    return found
