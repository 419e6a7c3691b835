"""One server of a lab as whoever asks sees it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Server:
    """`ready`: it lives and, where it can be asked, it says so itself. `pid`: None where it is no process of ours."""

    name: str
    version: str
    pid: int | None
    address: str
    ready: bool
    container: str = ""
    """Which container it is, if it is one."""
