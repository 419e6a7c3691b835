"""The operator's own `migrate.yaml` as it lies in the working tree, committed or not, under MIGRATE_... variables."""

from __future__ import annotations

import os
from pathlib import Path

from migrate.model.config import Config
from migrate.model.ports import Unreachable
from migrate.planning.configuration import FILE, read_config
from migrate.stores.tree import Tree


def settings_of(estate: Path) -> Config:
    """What file and environment say; the defaults where neither does.

    Raises Failed naming the key that is wrong, Unreachable where the file is there and cannot be read.
    """
    return read_config(_written(estate), os.environ)


def _written(estate: Path) -> bytes | None:
    try:
        return Tree(str(estate)).read(FILE)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreachable(f"{FILE}: {error.strerror}", following=f"make {FILE} a file that you may read") from error
