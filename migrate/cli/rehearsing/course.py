"""The course of a rehearsal: there up to the contract stage, what must be lived through before that, all the way back,
and there again to the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from migrate.cli.rehearsing.drill import Drill
from migrate.cli.rehearsing.operator import Operator, Said
from migrate.cli.rehearsing.part import Part
from migrate.model.errors import Stopped
from migrate.model.plan import Plan

PATIENCE = 900.0
"""Seconds that one way may take for each workload."""
UNANSWERED = {
    "gitops.drift": "a lab has no published chart to render, and this machine no other",
    "db.reach-from-vault": "in the lab Vault and PostgreSQL stand on one address, and the next step proves the route",
    "db.pg-hba": "the lab's rules admit its own network by word, not by address",
    "kv.pinned": "the lab's Vault holds values that were made up, and its versions are not yours",
    "pod.shell": "the lab's image has a shell: whether yours has one is for its people to try",
    "break-glass": "nobody logs in to a lab: whether the other way in works is for its people to try",
}
"""Gates that a lab may leave open, each with what is known instead. All others must pass of themselves."""
_WAITS = {0, 4, 7}
_AGAIN = 1.0
"""Seconds between two looks at what is waited for."""
_UNTIL_OPEN = 3.0
"""Seconds after which a gate that a lab may leave open is taken to be open."""


@dataclass(slots=True)
class Course:
    """One plan and who goes through it. `mark` is called where something must be so; `leg` when a way begins."""

    plan: Plan
    digest: str
    file: str
    operator: Operator
    parts: tuple[Part, ...]
    drill: Drill
    mark: Callable[[str], None]
    leg: Callable[[str], None]
    waived: list[str] = field(default_factory=list)
    _open: dict[str, float] = field(default_factory=dict)

    def go(self) -> None:
        """All of it. Raises Stopped where it does not go on; what was seen until then is kept."""
        self.leg("there")
        self._forward(to_the_end=False)
        self._verified()
        self.mark("there")
        self._drilled()
        self.leg("back")
        self._backward()
        self.mark("back")
        self.leg("there again")
        self._forward(to_the_end=True)
        self._verified()
        self.mark("done")

    def _drilled(self) -> None:
        if not self.drill.workloads:
            return
        self.leg("drill")
        self.drill.outage()
        self.mark("outage")
        self.drill.cold_start()
        self.mark("cold start")

    def _forward(self, *, to_the_end: bool) -> None:
        contract = any(step.stage == "contract" for step in self.plan.steps)
        said = self.operator.type("apply", self.file, "--approve", self.digest)
        agreed = ("--approve", self.digest) if to_the_end else ()
        self._on(said, agreed, lambda one: not to_the_end and contract and one.gate == "the contract stage")

    def _backward(self) -> None:
        self._on(self.operator.type("rollback", "--reason", "the rehearsal's way back"), (), lambda _: False)

    def _on(self, said: Said, agreed: tuple[str, ...], enough: Callable[[Said], bool]) -> None:
        """Merge, wait and resume until the run has ended, or is where it should be."""
        end = time.monotonic() + PATIENCE * len(self.plan.units)
        while said.code and not enough(said):
            if said.code not in _WAITS or time.monotonic() > end:
                raise _stuck(said)
            self._between(said)
            said = self.operator.type("resume", *agreed, *self._waiver(said.gate))
        for part in self.parts:
            part.over()

    def _between(self, said: Said) -> None:
        """What others do while a run waits."""
        cutover = self._cutover_waits(said.gate)
        for part in self.parts:
            part.between(said, cutover=cutover)
        if not self.operator.merge():
            time.sleep(_AGAIN)

    def _cutover_waits(self, gate: str) -> bool:
        """Whether the gate waits for a commit of the cutover."""
        found = next((one for one in self.plan.gates if one.id == gate), None)
        step = self.plan.step(dict(found.about).get("step", "")) if found and found.way == "forward" else None
        return step is not None and step.stage == "cutover"

    def _waiver(self, gate: str) -> tuple[str, ...]:
        why = UNANSWERED.get(gate.partition("@")[0])
        if why is None:
            return ()
        since = self._open.setdefault(gate, time.monotonic())
        if time.monotonic() - since < _UNTIL_OPEN:
            return ()
        if gate not in self.waived:
            self.waived.append(gate)
        return "--waive", gate, "--reason", f"in a rehearsal: {why}"

    def _verified(self) -> None:
        if found := self.operator.verify():
            raise Stopped(
                f"migrate verify finds what should not be: {'; '.join(found)}",
                undone="the rehearsal did not go on",
                following="migrate show PLAN, and what is said above",
            )


def _stuck(said: Said) -> Stopped:
    return Stopped(
        f"the run does not go on at {said.gate or 'this point'}: {said.why}",
        truth="this was the lab; nothing of the estate was touched",
        undone="the rest was not rehearsed",
        following=str(said.held.get("next") or "deal with it, plan again, and rehearse again"),
    )
