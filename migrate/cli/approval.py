"""A person's word: the plan's short name typed, and the number of pods that will be replaced; or the digest given."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from migrate.model.errors import Refused, Usage

if TYPE_CHECKING:
    from migrate.planning.loading import Loaded

_SHORTEST = 12


def approved(loaded: Loaded, given: str | None, *, asks: bool, pods: int | None, stages: str) -> str:
    """How it was approved: `digest` or `typed`.

    Raises Usage where the digest given is another plan's, Refused where nobody is there to ask or the answer is no.
    """
    if given is not None:
        if len(given) < _SHORTEST or not loaded.digest.startswith(given):
            raise Usage(
                f"--approve {given[:16]} is not the digest of {loaded.name}",
                truth=f"its digest is {loaded.digest}",
                undone="nothing was written",
                following="migrate show PLAN, then approve what you have read",
            )
        return "digest"
    if not (asks and sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(
            f"{loaded.name} is not approved for {stages}",
            truth="there is no terminal to ask at" if asks else "with --json nothing is ever asked",
            undone="nothing was written",
            following=f"migrate show PLAN, then give --approve {loaded.digest}",
        )
    return _typed(loaded, pods, stages)


def _typed(loaded: Loaded, pods: int | None, stages: str) -> str:
    from migrate.views.plan import agreed_to
    from migrate.views.prompt import ask

    agreed_to(loaded)
    answer = ask(f"{loaded.name}: {stages}. Type {loaded.name} to approve: ")
    if answer != loaded.name:
        raise Refused(
            "not approved", undone="nothing was written", following=f"migrate show; the name is {loaded.name}"
        )
    if pods:
        answer = ask(f"{pods} pods will be replaced. Type that number: ")
        if answer != str(pods):
            raise Refused("not approved", undone="nothing was written", following="migrate show says which pods")
    return "typed"
