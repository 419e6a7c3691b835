"""What stood on the servers before the plan, brought into the lab: the state that each target's first step begins with.

Most of it is there already, because the lab is made from the same estate. Secrets are never loaded: passwords that a
state needs are generated here and known to nobody.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from migrate.model.change import Absent, Change, Doc, Exact
from migrate.model.errors import Refused
from migrate.model.ports import Move, Partly, Written
from migrate.model.ports import Secrets as Passwords
from migrate.targets.compare import covers

if TYPE_CHECKING:
    from migrate.model.plan import Plan, Step
    from migrate.model.ports import Store
    from migrate.model.target import StoreName


def load(plan: Plan, stores: Mapping[StoreName, Store]) -> tuple[str, ...]:
    """Bring every before-image into the lab; returns the targets that had to be made.

    Raises Refused naming one that the lab cannot have, Unreachable.
    """
    return tuple(str(step.change.target) for step in _first(plan) if _loaded(step, stores))


def _first(plan: Plan) -> Iterator[Step]:
    """The first step on each target of a server."""
    seen = set[str]()
    for step in plan.steps:
        target = str(step.change.target)
        if target not in seen and step.change.target.store != "git":
            seen.add(target)
            yield step


def _loaded(step: Step, stores: Mapping[StoreName, Store]) -> bool:
    change = step.change
    if not isinstance(change.before, Doc):
        return False
    store = stores[change.target.store]
    seen = store.read(change)
    if covers(change.target, seen.state, change.before):
        return False
    wanted = Change(change.target, seen.state if isinstance(seen.state, Doc) else Absent(), change.before, Exact())
    passwords = Passwords({one.field: secrets.token_urlsafe(24) for one in change.inputs})
    outcome = store.write(Move("lab", "lab", "", step.id, "forward", "before-image", wanted), seen, passwords)
    if not isinstance(outcome, Written):
        why = outcome.done if isinstance(outcome, Partly) else outcome.why
        raise Refused(
            f"the lab cannot have {change.target} as the plan found it: {why}",
            truth="the plan was made for servers that hold it, so a run without it would prove something else",
            undone="nothing was rehearsed",
            following="rehearse the plan that makes it first, or apply without a rehearsal",
        )
    return True
