"""Policies, login roles and mounts as Vault has them, for whoever compares what is granted. Reads only."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.errors import Refused
from migrate.model.json import Json, mapping, strings, text_at
from migrate.stores.vault.api import Answer, Api
from migrate.targets.vault import grant, unmarked

_LOGINS = frozenset(("jwt", "oidc", "kubernetes"))


def policy_names(api: Api) -> list[str]:
    """Every policy's name. Raises Refused where they may not be listed, Unreachable."""
    return strings(_listed(api, "sys/policies/acl").data.get("keys"))


def policy_text(api: Api, name: str) -> str | None:
    """A policy's text without the line that a run left in it; None where there is none. Raises as above."""
    path = f"sys/policies/acl/{name}"
    answer = _allowed(api.look(path), path, "read")
    return unmarked(str(answer.data.get("policy", ""))) if answer.ok else None


def login_roles(api: Api) -> Iterator[tuple[str, dict[str, Json]]]:
    """Every role of the JWT and Kubernetes mounts, by its path. Raises as above."""
    mounts = _allowed(api.look("sys/auth"), "sys/auth", "read").data
    for mount, about in sorted(mounts.items()):
        if text_at(about, "type") in _LOGINS:
            base = f"auth/{mount}role"
            for name in strings(_listed(api, base).data.get("keys")):
                yield f"{base}/{name}", dict(_allowed(api.look(f"{base}/{name}"), f"{base}/{name}", "read").data)


def login_role(api: Api, mount: str, name: str) -> dict[str, Json]:
    """One role of a mount; empty where there is none. Raises as above."""
    path = f"auth/{mount}/role/{name}"
    return dict(_allowed(api.look(path), path, "read").data)


def kv_mounts(api: Api) -> frozenset[str]:
    """The mounts of KV version 2. Raises as above."""
    found = _allowed(api.look("sys/mounts"), "sys/mounts", "read").data
    return frozenset(
        name.strip("/")
        for name, about in found.items()
        if text_at(about, "type") == "kv" and mapping(mapping(about).get("options")).get("version") == "2"
    )


def _listed(api: Api, path: str) -> Answer:
    return _allowed(api.look(path, "list"), path, "list")


def _allowed(answer: Answer, path: str, capability: str) -> Answer:
    if answer.status == 403:
        raise Refused(
            f"the token may not {capability} {path} in Vault",
            truth="what is granted there is not known",
            undone="nothing was compared",
            following=f"grant it (migrate policies show plan): {grant(path, capability)}",
        )
    return answer
