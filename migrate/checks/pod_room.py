"""There is room for the new pod, beside the old one or in its place."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import Seen, joined, look, settled
from migrate.model.json import Json, mapping
from migrate.model.ports import Observer
from migrate.targets.room import Amount


def ask(observer: Observer, question: Question) -> Answer:
    """Requests against what nodes have left. Quota, limit ranges and pod security have answered the dry run already."""
    deployment = question.about["deployment"]
    seen = look(observer, f"cluster:Room/{deployment}?{question.about['pod']}")
    wanted, beside = _amount(mapping(seen.value.get("pod"))), seen.number("surge") > 0
    room = {node: _amount(mapping(free)) for node, free in mapping(seen.value.get("free")).items()}
    if not beside:
        room = _without_ours(room, seen)
    fitting = sorted(node for node, free in room.items() if wanted.fits(free))
    if not fitting:
        most = max(room.items(), key=lambda one: (one[1].cpu, one[1].memory), default=None)
        has = f"{most[0]} has most left, {most[1]}" if most else "no node takes it at all (taints, nodeSelector)"
        return Fail(
            f"no node has room for the new pod of {deployment}, which asks for {wanted}: {has}",
            "make room; or let the old pod go first (strategy Recreate, or maxSurge 0): an outage of one start",
        )
    how = "beside the old one" if beside else "once the old one is gone, which is an outage of one start"
    budgets = f"; no pod of it can be drained now ({joined(seen.texts('budgets'))})" if seen.texts("budgets") else ""
    return Pass(f"the new pod of {deployment} asks for {wanted} and fits on {joined(fitting)}, {how}{budgets}")


def _amount(found: dict[str, Json]) -> Amount:
    cpu, memory = found.get("cpu"), found.get("memory")
    return Amount(cpu if isinstance(cpu, int) else 0, memory if isinstance(memory, int) else 0)


def _without_ours(room: dict[str, Amount], seen: Seen) -> dict[str, Amount]:
    for one in seen.items("ours"):
        node = str(one.get("node"))
        if node in room:
            room[node] += _amount(one)
    return room


CHECK = Check("pod.room", ("deployment", "pod"), "there is room for the new pod", settled(ask))
