"""What was seen of one workload, and what of it is excused. Times are seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, field

BOUND = 60.0
"""Seconds that a static login's new password may take to reach the workload."""
LAG = 3.0
"""Seconds that the cluster may take to tell that a container has ended."""


@dataclass
class Pod:
    """A pod of the workload as kubectl last told of it."""

    name: str
    door: str
    """Where it answers HTTP; empty where it has no port."""
    ready: bool
    agent: bool
    restarts: int
    down: list[float] = field(default_factory=list)
    """Moments at which it was going, or its container had ended."""
    up: bool = False
    """Its containers run and it was ready: a probe that is late on a busy machine takes nobody's service away."""
    containers: tuple[str, ...] = ()


@dataclass
class Rotation:
    """A new password while the workload used the old one."""

    at: float
    pods: frozenset[str] = frozenset()
    restarted: float | None = None
    served: float | None = None


@dataclass(frozen=True)
class Failure:
    """A query that did not go well. `down`: when its pod was going, filled as that becomes known."""

    at: float
    until: float
    down: list[float]
    why: str


@dataclass
class Absence:
    """A time in which no pod was up. `announced`: the workload itself says that its pods go before others come."""

    at: float
    announced: bool
    until: float | None = None


@dataclass
class Seen:
    """Everything that was seen so far."""

    pods: dict[str, Pod] = field(default_factory=dict)
    queries: int = 0
    answered: int = 0
    failures: list[Failure] = field(default_factory=list)
    slowest: float = 0.0
    rotations: list[Rotation] = field(default_factory=list)
    absences: list[Absence] = field(default_factory=list)
    restarts: int = 0
    stirred: list[str] = field(default_factory=list)
    """Which pods came, went, stopped being ready or were restarted since the last mark, in order."""
    secrets: dict[str, str] = field(default_factory=dict)
    """Digest of each Secret as it was last told of."""
    became: list[tuple[str, str]] = field(default_factory=list)
    """What became of the Secrets, in order: `there`, `changed`, `gone`."""
    sessions: dict[str, int] = field(default_factory=dict)
    logins: dict[str, bool] = field(default_factory=dict)
    """Login to whether it may log in."""
    verifier: str = ""
    looks: int = 0
    """How often the database was looked at."""
    blind: list[str] = field(default_factory=list)
    """What is no longer watched, and why."""


def unexcused(seen: Seen) -> tuple[list[Failure], int]:
    """Failed queries to a pod that was up, and how many were in the gap of a rotation, which is measured."""
    rest = [one for one in seen.failures if not any(_in_gap(one, each) for each in seen.rotations)]
    return [one for one in rest if not _on_its_way_out(one)], len(seen.failures) - len(rest)


def unannounced(seen: Seen) -> list[Absence]:
    """Times without any pod that nobody announced: neither the workload's strategy nor a rotation's restart."""
    return [
        one for one in seen.absences if not one.announced and not any(_restart(one, each) for each in seen.rotations)
    ]


def _restart(absence: Absence, rotation: Rotation) -> bool:
    until = rotation.at + BOUND if rotation.restarted is None else rotation.restarted
    return rotation.at - LAG <= absence.at <= until + LAG


def _on_its_way_out(failure: Failure) -> bool:
    """The pod was going, or its container had ended, and the cluster said so a moment later."""
    return any(failure.at - LAG <= moment <= failure.until + LAG for moment in failure.down)


def _in_gap(failure: Failure, rotation: Rotation) -> bool:
    """Between a new password and the restart that reads it."""
    until = rotation.at + BOUND if rotation.restarted is None else rotation.restarted + LAG
    return rotation.at <= failure.at <= min(until, rotation.at + BOUND)
