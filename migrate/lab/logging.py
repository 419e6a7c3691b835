"""What a lab's servers have said: in the lab's folder, or with the engine that runs them."""

from __future__ import annotations

from migrate.lab import containers
from migrate.lab.world import Provider, World


def known(world: World) -> list[str]:
    """Servers that have said something, by name."""
    own = {file.stem for file in (world.folder / "logs").glob("*.log")}
    return sorted(own | set(containers.known(world) if world.provider is Provider.DOCKER else ()))


def words(world: World, server: str) -> str:
    """All that one has said."""
    file = world.log(server)
    return file.read_text(errors="replace") if file.exists() else containers.logs(world, server)
