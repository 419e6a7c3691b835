"""What the tree says of the injector, and what it will do to a new pod: asked of its rules before anybody commits.

A pod may be a sketch: what a chart renders beside the values seen here is unknown offline, so gate `pod.dryrun` asks
the real webhook about the real pod. What the rules refuse even in the sketch never becomes a plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.injector.answer import Answer, answer
from migrate.injector.footprint import footprint
from migrate.injector.prediction import Mutated
from migrate.injector.settings import Settings
from migrate.injector.workload import read
from migrate.model.errors import Refused
from migrate.model.json import Json
from migrate.model.plan import Remark
from migrate.operations.subject import VaultSide
from migrate.planning.surroundings import Injector, pinned

_ASSUMED_ADDRESS = "https://vault.invalid:8200"


def injector_remarks(injector: Injector | None) -> Iterator[Remark]:
    """What to know of the release that puts the agents in."""
    if injector is None:
        yield Remark(
            "webhook.present",
            "warning",
            "no release of the injector is in this tree",
            "gate webhook.present asks the cluster",
            "",
        )
        return
    file, name = injector.found.file, injector.name
    if not pinned(injector.version):
        yield Remark(
            "webhook.chart-unpinned",
            "blocks",
            f"{name} does not pin its chart ({injector.version or 'no version'}): agents may change under our feet",
            "set spec.chart.spec.version to the version that runs now, in a commit of its own",
            file,
        )
    if injector.failure_policy == "Ignore":
        yield Remark(
            "webhook.failure-policy",
            "warning",
            f"{name}: failurePolicy Ignore lets pods start without their files while the webhook is down",
            "once workloads depend on it: Fail, limited to their namespaces by a namespaceSelector",
            file,
        )
    if injector.replicas < 2:
        yield Remark("webhook.replicas", "warning", f"{name} has one replica", "two, with a PodDisruptionBudget", file)
    if injector.revokes:
        yield Remark(
            "webhook.revoke",
            "info",
            f"{name} revokes tokens at shutdown by default; the plan switches that off for its pods",
            "",
            file,
        )


@dataclass(frozen=True, slots=True)
class NewPod:
    """The pod after the cutover. `called`: how remarks speak of it; `following`: what to do where it is refused."""

    pod: Json
    namespace: str
    unit: str
    file: str
    called: str
    following: str


def foreseen(new: NewPod, vault: VaultSide, injector: Injector | None) -> Iterator[Remark]:
    """What will be added to the pod, and what an expert would warn of. Raises Refused with the injector's own words."""
    address = (injector.address if injector else None) or vault.server or _ASSUMED_ADDRESS
    settings = Settings(address=address, revoke_on_shutdown=bool(injector and injector.revokes))
    found = answer(read(new.pod), new.namespace, settings, with_lint=True)
    if not isinstance(found.prediction, Mutated) or found.server_refusals:
        raise _refused(new, found)
    yield Remark("pod.predicted", "info", _added(new.called, found.prediction), "", new.file)
    for one in found.findings:
        if one.severity != "info":
            yield Remark(one.code, "blocks" if one.severity == "error" else "warning", one.text, one.fix, new.file)


def _added(called: str, mutated: Mutated) -> str:
    print_ = footprint(mutated)
    files = ", ".join(f"{one.path} ({one.mode}, {one.uid}:{one.gid})" for one in print_.files)
    names = ", ".join((*print_.init_containers, *print_.containers))
    return (
        f"by the injector's rules {called} gets {names} and {files}; while it runs that takes "
        f"{int(print_.running.cpu * 1000)}m CPU and {int(print_.running.memory) // 2**20}Mi memory more"
    )


def _refused(new: NewPod, found: Answer) -> Refused:
    why = found.message or "; ".join(found.server_refusals) or "it would leave the pod alone"
    return Refused(
        f"the injector would not inject the pod of {new.unit}: {why}",
        truth="nothing was written",
        undone="no plan was made",
        following=new.following,
    )
