"""What a plan knows of its servers: seen through a port, or assumed where it is made from Git alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from migrate.model.change import Absent, Doc, State
from migrate.model.errors import Refused
from migrate.model.plan import Fact, Mode, Remark, Unknown
from migrate.model.target import Target
from migrate.targets.compare import covers, differing, fingerprint
from migrate.targets.kinds import flattened, kind_of

Read = Callable[[Target], State]
"""A target as an observer shows it now. Raises Unreachable."""


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers a plan is made for. `how` says in facts how they were read."""

    mode: Mode
    read: Read
    places: tuple[tuple[str, str], ...]
    how: str


def assumed(taken: Mapping[Target, State]) -> Servers:
    """From Git alone: nothing is there yet but what is taken for granted. Unknowns and guards say so."""
    return Servers("offline", lambda target: taken.get(target, Absent()), (), "")


@dataclass(slots=True)
class Found:
    """What was there before the plan, by target. Lives for one composition."""

    servers: Servers
    states: dict[Target, State] = field(default_factory=dict)
    beside: dict[Target, State] = field(default_factory=dict)
    """What was looked at and is no fact of the plan: it may move without making the plan stale."""
    standing: list[Target] = field(default_factory=list)
    """What was there already just as the plan would make it: not this plan's, so never taken back by it."""

    def read(self, target: Target) -> State:
        """The target as it was before the plan; read once."""
        if target not in self.states:
            self.states[target] = self.servers.read(target)
        return self.states[target]

    def look(self, target: Target) -> State:
        """A target that the plan does not rest on; read once. Raises Unreachable."""
        if target not in self.beside:
            self.beside[target] = self.servers.read(target)
        return self.beside[target]

    def before(self, target: Target, wanted: Doc, *, updates: bool) -> State:
        """What a step that wants `wanted` finds: nothing, what it wants already, or for an update what it changes.

        Raises Refused where something else is there that the plan did not make, or where an update has nothing to
        change.
        """
        match self.read(target):
            case Absent() if updates:
                raise _missing(target, self.servers.mode)
            case Doc(value) as found if not updates:
                if covers(target, found, wanted):
                    self.standing.append(target)
                    return wanted
                raise _taken(target, list(differing(target, value, wanted.value)))
            case Doc(value):
                shown, kind = flattened(kind_of(target), value), kind_of(target)
                said = flattened(kind, wanted.value)
                unshown = {key: one for key, one in said.items() if key in kind.unread}
                return Doc({key: shown.get(key, unshown.get(key)) for key in said})
            case other:
                return other


def stood(found: Found) -> Iterator[Remark]:
    """What is there already as wished: somebody made it, and may unmake it."""
    for target in found.standing:
        yield Remark(
            "plan.stands-already",
            "warning",
            f"{target} is there already, just as this plan would make it: no step makes it, and taking this plan back "
            "leaves it",
            "find out who made it: if an open run of this tool did, its rollback takes it away under this plan",
            "",
        )


def missing(found: Found, watched: Iterable[Target]) -> Iterator[Remark]:
    """What the plan watches and its servers do not have; nothing offline."""
    if found.servers.mode == "offline":
        return
    fix = (
        "the world may be of an earlier tree: name a fresh --world"
        if found.servers.mode == "practice"
        else "if Git was changed just now, wait until Flux and the External Secrets Operator have caught up; else "
        "migrate doctor --live says what holds them; then plan again"
    )
    for target in dict.fromkeys(watched):
        if isinstance(found.read(target), Absent):
            text = f"{target} is in Git, and the cluster does not have it: nothing there could show that it still works"
            yield Remark("plan.not-there", "blocks", text, fix, "")


def _missing(target: Target, mode: Mode) -> Refused:
    following = "check database.login and the release's settings: is this the right server?"
    if mode == "practice":
        following = (
            "see what the world has: migrate practice show DIR; it may be of an earlier tree: name a fresh --world"
        )
    elif target.store == "cluster":
        following = "see what became of it: migrate doctor --live"
    return Refused(
        f"{target} is not there, and the plan would change it",
        truth="the tree says it is in use",
        undone="no plan was made",
        following=following,
    )


def _taken(target: Target, fields: list[str]) -> Refused:
    return Refused(
        f"{target} is there already, and not as this plan would make it: {', '.join(fields)}",
        truth="nobody's work is written over",
        undone="no plan was made",
        following="if another workload's migration made it (two of a namespace can come to the same names), or it is "
        "something else: set another `prefix` in migrate.yaml, such as `prefix: mig2-` (`database.login` for logins), "
        "and plan again. If an unfinished run for this workload made it: migrate status, migrate rollback. If somebody "
        "made it by hand as the plan would: bring it to that form, then migrate baseline",
    )


def facts(found: Found, watched: Iterable[Target]) -> Iterator[Fact]:
    """What the plan read of its servers, and what it watches there beside; nothing offline."""
    if found.servers.mode == "offline":
        return
    for target in watched:
        found.read(target)
    for target, state in sorted(found.states.items(), key=lambda one: str(one[0])):
        yield Fact(target, fingerprint(target, state), found.servers.how)


def softened(servers: Servers, remarks: list[Remark]) -> list[Remark]:
    """In practice nothing stops an apply that would stop one on servers; it says so."""
    return [_soft(one) if servers.mode == "practice" and one.severity == "blocks" else one for one in remarks]


def _soft(one: Remark) -> Remark:
    text = f"{one.text} (on servers this stops an apply; practice goes on)"
    return Remark(one.code, "warning", text, one.fix, one.file)


def still_unknown(servers: Servers, unknowns: tuple[Unknown, ...]) -> tuple[Unknown, ...]:
    """What is unknown although the servers were seen."""
    if servers.mode == "offline":
        return unknowns
    practice = servers.mode == "practice"
    return tuple(
        Unknown(one.subject, one.lacks, one.settles, one.blocks and not practice)
        for one in unknowns
        if one.subject not in {"vault", "cluster"} and not one.subject.startswith("postgres:")
    )
