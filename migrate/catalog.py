"""Finds the data that travels with the tool: phases, policies, profiles, runbooks, examples.

In a wheel they lie inside the package; in a checkout (editable install) beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Shelf = Literal["phases", "policies", "profiles", "runbooks", "examples"]

_PACKAGE = Path(__file__).parent
_IN_CHECKOUT = {"runbooks": Path("docs") / "runbooks"}


def shelf(name: Shelf) -> Path:
    """The folder that holds one kind of shipped data. Raises FileNotFoundError if the installation is broken."""
    for folder in (_PACKAGE / name, _PACKAGE.parent / _IN_CHECKOUT.get(name, Path(name))):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"{name}: neither in the installed package nor in a checkout; reinstall the tool")
