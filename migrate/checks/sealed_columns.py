"""What the checks of sealed columns share: the comparison as they ask for it, and who wrote last how."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from migrate.checks.looking import Seen, look
from migrate.model.ports import Observer


def rows_of(observer: Observer, kind: str, about: Mapping[str, str]) -> Seen:
    """Both columns side by side, in numbers of rows. `kind`: `comparison`, or `restored`. Raises Unreachable."""
    asked = urlencode({"key": about["key_column"], "with": about["key"]})
    return look(observer, f"postgres:{kind}/{about['columns']}?{asked}")


def noted(seen: Seen, way: str) -> datetime | None:
    """When a row was last written this way; None where none was."""
    return seen.time(way) if seen.shows(way) else None


def newest(*moments: datetime | None) -> datetime | None:
    """The newest of what there is."""
    return max((one for one in moments if one is not None), default=None)


def until(moment: datetime, seconds: str) -> datetime:
    """When it will be so long ago."""
    return moment + timedelta(seconds=int(seconds))


def said(moment: datetime) -> str:
    """A moment for people."""
    return moment.isoformat(timespec="seconds")
