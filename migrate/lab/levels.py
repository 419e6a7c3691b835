"""Which level of lab a machine can have, and why not a higher one. A rule: facts in, answer out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from migrate.lab.machine import Machine
from migrate.model.errors import Refused


class Level(StrEnum):
    """full: pods really run. control: API server and controllers, no pods. vault: Vault and PostgreSQL only."""

    FULL = "full"
    CONTROL = "control"
    VAULT = "vault"

    def holds(self, other: Level) -> bool:
        """Whether a lab of this level has everything that one of the other level has."""
        order = (Level.VAULT, Level.CONTROL, Level.FULL)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Choice:
    """The level a lab will have, and the reason in words for a person."""

    level: Level
    reason: str


_FULL_PROGRAMS = ("containerd", "runc", "ip", "iptables", "nsenter", "unshare", "mount")
_CONTROL_SERVERS = frozenset({"etcd", "kube-apiserver", "kube-controller-manager", "kubectl"})
_FULL_SERVERS = frozenset({"kubelet", "kube-scheduler"})


_NO_NODE = ("in containers a lab has no node",)


def choose(machine: Machine, servers: frozenset[str], wanted: Level | None, *, docker: bool = False) -> Choice:
    """The wanted level, or the highest that the machine and the built servers allow. `docker`: as containers.

    Raises Refused for a wanted level that is not possible here, with every reason.
    """
    if "vault" not in servers:
        raise Refused(
            "The lab's servers are not built: not even Vault.",
            undone="No lab was started.",
            following="make lab (or: migrate lab build)",
        )
    hurdles = {
        Level.FULL: [*(_NO_NODE if docker else _no_full(machine, servers)), *_no_control(servers)],
        Level.CONTROL: list(_no_control(servers)),
        Level.VAULT: [],
    }
    if wanted is not None:
        if hurdles[wanted]:
            raise Refused(
                f"A lab of level {wanted} is not possible here: {'; '.join(hurdles[wanted])}.",
                undone="No lab was started.",
                following="migrate lab doctor",
            )
        return Choice(wanted, "asked for")
    best = next(level for level in Level if not hurdles[level])
    above = [level for level in Level if level is not best and level.holds(best)]
    blocked = "; ".join(dict.fromkeys(reason for level in above for reason in hurdles[level]))
    return Choice(best, f"no higher: {blocked}" if blocked else "this machine allows everything")


def _no_full(machine: Machine, servers: frozenset[str]) -> Iterator[str]:
    if not machine.root:
        yield "not root"
    if missing := [name for name in _FULL_PROGRAMS if name not in machine.programs]:
        yield f"not installed: {', '.join(missing)}"
    if not machine.plugins:
        yield "the CNI plug-ins are not installed"
    if not machine.static_busybox:
        yield "no statically linked busybox"
    if machine.root and not machine.cgroups:
        yield "control groups cannot be written"
    if machine.root and not machine.namespaces:
        yield "the kernel allows no namespaces with an overlay and a bridge"
    if unbuilt := sorted(_FULL_SERVERS - servers):
        yield f"not built: {', '.join(unbuilt)}"


def _no_control(servers: frozenset[str]) -> Iterator[str]:
    if unbuilt := sorted(_CONTROL_SERVERS - servers):
        yield f"not built: {', '.join(unbuilt)}"
