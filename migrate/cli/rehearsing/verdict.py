"""What a rehearsal proves and what it does not. A rule: what was seen goes in, a verdict in words comes out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migrate.cli.rehearsing.drill import OUTAGE
from migrate.model.json import Json, mapping, sequence

_NEVER = (
    "the published charts: the lab's own stand for them, with the values that decide a pod",
    "the applications: the lab's stand-ins read their settings as they do, and are not they",
    "the network between the estate's Vault, its database and its pods",
    "their certificates: the lab's authority signs here",
    "your own permissions: in Vault the policy of `migrate policies show apply` acts here, in the cluster and the "
    "database the lab's administrator (migrate doctor --live shows yours)",
    "the values of your secrets: the lab's are generated",
    "soaks: a day and a week are seconds here",
)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that took part."""

    name: str
    version: str
    pid: int | None


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What a rehearsal saw. `marks` are the observer's own words; `stopped`: why it did not get to its end."""

    marks: Sequence[dict[str, Json]]
    stopped: str
    major: int
    wanted: int | None
    waived: Sequence[str]
    eso: str
    facts: int
    """Facts of the plan about servers, which a lab cannot show."""
    played: Sequence[str]
    """What was played by a part of the lab, in words."""
    answered: float
    """When Vault answered again after pods were made to start without it, seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wrong`: why it is no pass; empty for a pass. `lived`: what was lived through as it should be. `unproven`: what
    even a pass does not show."""

    wrong: tuple[str, ...]
    lived: tuple[str, ...]
    unproven: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the plan went there, back and there again as it should."""
        return not self.wrong


def verdict(seen: Witnessed) -> Verdict:
    """What it comes to."""
    return Verdict(tuple(_wrong(seen)), tuple(_lived(seen)), tuple(_unproven(seen)))


def _wrong(seen: Witnessed) -> Iterator[str]:
    if seen.wanted and seen.major != seen.wanted:
        yield f"other major: PostgreSQL {seen.major} here, {seen.wanted} in the estate"
    if seen.stopped:
        yield seen.stopped
    for mark in seen.marks:
        yield from (f"observer, at {mark.get('mark')}: {why}" for why in sequence(mark.get("wrong")))


def _lived(seen: Witnessed) -> Iterator[str]:
    well = {str(mark.get("mark")): mark for mark in seen.marks if not sequence(mark.get("wrong"))}
    if "outage" in well:
        yield f"Vault sealed for {OUTAGE} seconds: every pod stayed ready (pods: {well['outage'].get('pods')})"
    if "cold start" in well:
        started = _started(well["cold start"], seen.answered)
        yield f"every moved pod deleted at once, with Vault sealed for {OUTAGE} seconds: {started}"


def _started(mark: dict[str, Json], answered: float) -> str:
    """What the observer saw of pods that had to start without Vault, and what follows for whoever runs them."""
    told = [*_out(mapping(mark.get("absent")), mapping(mark.get("upAgain")), answered)]
    return "; ".join([*(told or ["others came up"]), "in an outage leave pods where they are: no drain, no rollout"])


def _out(absent: dict[str, Json], again: dict[str, Json], answered: float) -> Iterator[str]:
    for workload, moment in again.items():
        later = float(str(moment)) - answered
        if later < -OUTAGE:
            continue  # it was out at another time
        out = f"{workload} was out for {sequence(absent.get(workload))[-1]} s"
        if later >= 0:
            yield f"{out}, no pod of it started before Vault answered, one was up {later:.1f} s after that"
        else:
            yield f"{out}, a pod of it was up {-later:.1f} s before Vault answered: it does not wait for its agent"


def _unproven(seen: Witnessed) -> Iterator[str]:
    if any(mark.get("mark") == "outage" for mark in seen.marks):
        yield f"an outage of Vault of more than {OUTAGE} seconds"
    elif not seen.stopped:
        yield "an outage of Vault and a cold start: no workload of this plan gets an agent and has a pod all the time"
    for gate in seen.waived:
        yield f"gate {gate}: nobody could answer it here"
    if seen.facts:
        yield f"{seen.facts} facts about your servers: apply compares them when it begins"
    yield from seen.played
    for workload, names in _unshown(seen).items():
        yield f"no stand-in of {workload} shows that it reads {', '.join(map(str, sequence(names)))} as Vault has it"
    yield f"your External Secrets Operator: {seen.eso} here"
    yield from _NEVER


def _unshown(seen: Witnessed) -> dict[str, Json]:
    """By workload, the values that it may read and that nobody saw it read."""
    return mapping(seen.marks[-1].get("unshown")) if seen.marks else {}
