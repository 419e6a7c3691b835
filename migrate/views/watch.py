"""A screen that is drawn again while somebody looks; off a terminal only what changed is said again."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from migrate.views.console import emit_text

_EVERY = 1.0  # seconds between two looks
_CLEAR = "\x1b[H\x1b[J"


def watched(text: Callable[[], str], every: float = _EVERY) -> None:
    """Show the text whenever it is another. Returns when interrupted from the keyboard: that is how watching ends."""
    before = ""
    clears = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    try:
        while True:
            now = text()
            if now != before:
                emit_text((_CLEAR if clears else "") + now)
                sys.stdout.flush()
            before = now
            time.sleep(every)
    except KeyboardInterrupt:
        return
