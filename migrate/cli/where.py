"""Where a typed command works: its own words for it, for whoever must type the next one. Imports next to nothing."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import pairwise


def said_where(words: Sequence[str]) -> str:
    """The options of a typed command that say where it works, as they are typed behind the next one."""
    return "".join(f" {shlex.quote(word)}" for word in where_of(words))


def where_of(words: Sequence[str]) -> list[str]:
    """The same as words. `--world=DIR` is one word, `--world DIR` two."""
    pairs = [(option, value) for option, value in pairwise(words) if option in _WHERE]
    joined = [word for word in words if word.partition("=")[0] in _WHERE and "=" in word]
    return [word for pair in pairs for word in pair] + joined


_WHERE = ("--estate", "--world")
