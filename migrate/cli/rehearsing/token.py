"""The token that the commands of a rehearsal bear in Vault: what `migrate policies show apply` grants, and no more."""

from __future__ import annotations

from pathlib import Path

from migrate.cli.plan import read_estate
from migrate.estate.held import paths_by_secret
from migrate.lab import vault
from migrate.lab.world import World, write
from migrate.model.plan import Plan
from migrate.planning.rights import apply_name, apply_policy, sources

_LIFE = "12h"
"""Longer than any rehearsal."""


def borne(world: World, plan: Plan, name: str, estate: Path) -> Path:
    """Make the policy of this plan's run and a token with nothing else in the lab's Vault; the token's file.

    `plan` is what will run, with the lab's own values in it.
    """
    held = sources(plan, paths_by_secret(read_estate(estate).inventory))
    asked = {"policies": [apply_name(name)], "no_default_policy": True, "no_parent": True, "ttl": _LIFE}
    web = vault.as_root(world)
    try:
        web.ask("PUT", f"/v1/sys/policies/acl/{apply_name(name)}", {"policy": apply_policy(plan, name, held)})
        made = web.ask("POST", "/v1/auth/token/create", asked)
    finally:
        web.close()
    return write(world.credential("vault-apply"), str(made["auth"]["client_token"]))
