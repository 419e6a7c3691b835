"""The servers that an estate's settings name, for commands. Nothing is asked of them before a command asks."""

from __future__ import annotations

import atexit
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrate.model.config import Config
    from migrate.planning.cases import Estate
    from migrate.planning.servers import Servers as Planned
    from migrate.stores.servers.opening import Servers


def opened(estate: Path, config: Config) -> Servers:
    """Vault, PostgreSQL and the cluster; what this process mints is revoked when it ends.

    Raises Refused where the settings do not say how to reach one.
    """
    from migrate.stores.servers.opening import servers

    found = servers(config, estate, None if config.vault.address else _address(estate))
    atexit.register(found.close)
    return found


def _address(estate: Path) -> str | None:
    """Vault as the estate's own store reaches it."""
    from migrate.cli.scan import take
    from migrate.planning.starter import main_store

    store = main_store(take(estate).inventory)
    return store.server if store else None


def planned(read: Estate, estate: Path) -> tuple[Estate, Planned]:
    """The estate with what only its servers know, and they as the servers of a plan. Raises Refused, Unreachable."""
    from dataclasses import replace

    from migrate.planning.servers import Servers as Planned

    found = opened(estate, read.config)
    config = read.config
    if config.database.version is None:
        database = config.database.model_copy(update={"version": found.version()})
        config = config.model_copy(update={"database": database})
    return replace(read, config=config), Planned(
        "live", found.observer.observe, tuple(sorted(found.places().items())), "read from the servers"
    )
