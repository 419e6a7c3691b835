"""Vault or OpenBao: both answer alike, and only their own description of their API tells them apart."""

from __future__ import annotations

from migrate.model.json import mapping
from migrate.stores.vault.api import Api

_DESCRIPTION = "sys/internal/specs/openapi"
_NAMES = {"OpenBao API": "OpenBao", "HashiCorp Vault API": "Vault"}
"""By the title of the description (`sdk/framework/openapi.go` of either)."""


def product(api: Api) -> str:
    """Its name and version; `Vault or OpenBao` where it does not say which. Bears no token. Raises Unreachable."""
    info = mapping(api.anonymous().look(_DESCRIPTION).body.get("info"))
    name = _NAMES.get(str(info.get("title")), "Vault or OpenBao")
    return f"{name} {info['version']}" if info.get("version") else name
