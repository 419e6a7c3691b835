"""A lab that is not started yet: a free network, a folder, and the record of what it is to be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from migrate.lab import network, world
from migrate.lab.levels import Choice
from migrate.lab.world import Provider, World
from migrate.model.errors import Refused


@dataclass(frozen=True, slots=True)
class Order:
    """What kind of lab is wanted."""

    name: str
    choice: Choice
    estate: Path | None
    eso: str
    provider: Provider = Provider.PROCESSES


def make(order: Order) -> World:
    """Take a free network and make the lab's folder. Raises Refused where a lab of that name is there."""
    folder = world.place(order.name)
    others = [other for name in world.names() if (other := world.load(name)) is not None]
    taken = [network.net_of(other) for other in others]
    free = network.choose(world.identity(folder), order.choice.level, [*network.routed(), *taken])
    made = World(
        name=order.name,
        folder=folder,
        level=order.choice.level,
        reason=order.choice.reason,
        address=str(free[1]),
        node=str(free[2]),
        estate=str(order.estate.resolve()) if order.estate else "",
        eso=order.eso,
        provider=order.provider,
    )
    try:
        world.create(made)
    except FileExistsError:
        raise Refused(
            f"There is a lab called {order.name} already, or what is left of one.",
            undone="Nothing was started.",
            following=f"migrate lab status --name {order.name}; migrate lab down --name {order.name}",
        ) from None
    return made
