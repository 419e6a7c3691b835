"""What everybody does by themselves, until nobody has anything left to do."""

from __future__ import annotations

from datetime import datetime

from migrate.model.json import digest
from migrate.world import agents, eso, flux, operators, pods, vault
from migrate.world.applied import Applied
from migrate.world.state import Draft, World, draft, finished

_ROUNDS = 50
"""Each round takes everybody one step on; a rollout takes about five. More than this is a fault of ours."""


def react(world: World, applied: Applied, now: datetime) -> World:
    """The world at `now`, with the deployed commit applied as far as it can be. Reacting again changes nothing."""
    changed = draft(world, now)
    settle(changed, applied)
    return finished(changed)


def settle(changed: Draft, applied: Applied) -> None:
    """The same on a working copy."""
    for _ in range(_ROUNDS):
        before = _state(changed)
        flux.apply(changed, applied)
        flux.helm(changed)
        operators.admit(changed)
        eso.refresh(changed)
        vault.revoke_orphans(changed)
        agents.rotations(changed)
        agents.renewals(changed)
        pods.roll(changed)
        if _state(changed) == before:
            return
    raise AssertionError("the practice world does not come to rest")


def _state(changed: Draft) -> str:
    return digest([changed.vault, changed.postgres, changed.cluster, changed.drawn])
