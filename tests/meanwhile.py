"""Something done over and over in a thread of its own, for as long as a test is busy with something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

_PATIENCE = 60.0
"""Seconds that a look under way has to end."""


@contextmanager
def meanwhile(look: Callable[[], object], every: float) -> Iterator[None]:
    """`look`, again and again while the block lasts, with so many seconds before each."""
    over = Event()

    def go_on() -> None:
        while not over.wait(every):
            look()

    thread = Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(_PATIENCE)
