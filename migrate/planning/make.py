"""From an inventory and the files to a proven plan, or an answer that helps. Pure but for the file port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.estate.inventory import Inventory, Secret
from migrate.model.config import Config
from migrate.model.json import Json
from migrate.model.plan import SEVERITIES, Fact, Plan, Remark
from migrate.model.target import Target
from migrate.operations.subject import Subject
from migrate.planning.candidates import Copy, NothingToDo, choose
from migrate.planning.compose import Composition, compose
from migrate.planning.configuration import FILE
from migrate.planning.database import servers as operated
from migrate.planning.deployed import deployed_branch
from migrate.planning.files import Drafts, Files, blob_id
from migrate.planning.foresee import foresee
from migrate.planning.gates import gates_of
from migrate.planning.notes import notes
from migrate.planning.phases import Credential, Phase
from migrate.planning.prove import prove
from migrate.planning.remarks import remarks, unknowns
from migrate.planning.servers import Servers, assumed, facts, softened, still_unknown, stood
from migrate.planning.subjects import Sources, subject_of
from migrate.planning.surroundings import injector


@dataclass(frozen=True, slots=True)
class Estate:
    """What is planned for: the inventory, the files it was made from, the settings, and where Git stands."""

    inventory: Inventory
    files: Files
    config: Config
    commit: str | None
    dirty: bool


def make_plan(
    estate: Estate, phase: Phase, credential: Credential, workload: str | None, servers: Servers | None = None
) -> Plan | NothingToDo:
    """The plan, proven. Without `servers` it is made from Git alone.

    Raises Failed where nothing fits the phase, Refused where several do, where it was begun by hand, where something
    is in the way, or where a step's way back could not be proven; Unreachable where servers do not answer.
    """
    chosen = choose(estate.inventory, estate.files, phase, workload)
    if isinstance(chosen, NothingToDo):
        return chosen
    assert isinstance(chosen.form, Copy)
    found = injector(estate.inventory, estate.files)
    sources = Sources(estate.inventory, estate.files, estate.config, phase, operated(estate.files), found)
    subject, secret = subject_of(chosen, chosen.form, sources)
    seen = servers or assumed(subject)
    composition = compose(subject, phase, credential, Drafts(estate.files), seen)
    prove(composition)
    findings = [
        *remarks(subject, secret, sources, credential),
        *foresee(subject, composition, found),
        *_masked(composition),
        *stood(composition.found),
        *_standing(estate),
    ]
    return Plan(
        phase=phase.name,
        mode=seen.mode,
        commit=estate.commit,
        dirty=estate.dirty,
        unit=subject.unit,
        credential=credential,
        facts=(*_facts(subject, sources, composition), *facts(composition.found, subject)),
        steps=composition.steps,
        gates=gates_of(phase, credential, composition, subject, estate.config),
        verdicts=tuple(_verdicts(secret, subject, estate.inventory)),
        patches=composition.patches,
        findings=tuple(sorted(softened(seen, findings), key=lambda remark: SEVERITIES.index(remark.severity))),
        unknowns=still_unknown(seen, unknowns(subject, sources)),
        notes=notes(subject, sources, credential, composition.steps),
        retention=estate.config.soak.retention,
        deployed=deployed_branch(estate.files),
        places=seen.places,
    )


def _masked(composition: Composition) -> Iterator[Remark]:
    """Literals that stand beside a change: not shown, but a person should know that Git holds them."""
    files = sorted({edit.file for step in composition.steps for edit in step.change.files if edit.masked})
    for file in files:
        text = f"{file} may hold secrets in or beside the lines that change (values, comments): the plan shows none"
        fix = "look at the file; move what is secret out of Git, and change what was ever used"
        yield Remark("gitops.literal", "warning", text, fix, file)


def _standing(estate: Estate) -> Iterator[Remark]:
    """The way back restores blobs, and Git only has those that were committed."""
    if estate.dirty or estate.commit is None:
        what = "the tree has uncommitted changes" if estate.commit else "this is no Git repository with a commit"
        yield Remark(
            "gitops.dirty",
            "warning",
            f"{what}: steps and their way back stand on commits",
            "commit, then plan again",
            "",
        )


def _facts(subject: Subject, sources: Sources, composition: Composition) -> Iterator[Fact]:
    """What the plan stands on, file by file: what it edits, and what it only believed."""
    believed = [(subject.release.target, subject.release.place.file), (subject.copied.git, subject.copied.place.file)]
    if sources.injector:
        one = sources.injector.found
        believed.append((Target("git", one.kind, f"{one.namespace}/{one.name}"), one.file))
    for server in sources.servers:
        one = server.found
        believed.append((Target("git", one.kind, f"{one.namespace}/{one.name}"), one.file))
    named = {file for _, file in believed}
    for step in composition.steps:
        for edit in step.change.files:
            if edit.file not in named:
                named.add(edit.file)
                believed.append((Target("git", "File", edit.file), edit.file))
    if FILE in sources.files.paths:
        believed.append((Target("git", "File", FILE), FILE))
    for target, file in sorted(set(believed)):
        yield Fact(target, f"blob:{blob_id(sources.files.read(file))}", f"{file}, as Git names its content", file)


def _verdicts(chosen: Secret, subject: Subject, inventory: Inventory) -> Iterator[Json]:
    """Every secret of the scan: the one this phase moves, and why the others are left."""
    for secret in inventory.secrets:
        ours = secret.id == chosen.id and secret.file == chosen.file
        yield {
            "namespace": secret.namespace,
            "name": secret.name,
            "verdict": secret.verdict,
            "inPhase": ours,
            "why": _why(secret) if not ours else f"{subject.release.container} reads its key {subject.copied.key}",
        }


def _why(secret: Secret) -> str:
    reason = "; ".join(reason.text for reason in secret.reasons)
    return f"not what this phase selects ({reason})" if reason else "not what this phase selects"
