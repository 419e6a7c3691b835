"""From an inventory and the files to a proven plan, or an answer that helps. Pure but for the file port."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.estate.inventory import Inventory, Secret
from migrate.estate.profiles import shipped
from migrate.model.json import Json
from migrate.model.plan import SEVERITIES, Fact, Plan, Remark
from migrate.model.target import Target
from migrate.planning.builds import insist_on_builds
from migrate.planning.built import Built, built, whole
from migrate.planning.cases import Case, Estate, NothingToDo, Selection, units
from migrate.planning.compose import Composition, compose
from migrate.planning.configuration import FILE, scan_settings
from migrate.planning.deployed import deployed_branch
from migrate.planning.files import Drafts, Files, blob_id
from migrate.planning.gates import gates_of
from migrate.planning.kinds import cases_of
from migrate.planning.phases import Credential, Phase
from migrate.planning.prove import prove
from migrate.planning.rebuilt import rebuilt
from migrate.planning.servers import Servers, assumed, facts, missing, softened, still_unknown, stood
from migrate.planning.standstill import Standstill, standing_still

EVERYTHING = Selection()


def make_plan(
    estate: Estate,
    phase: Phase,
    credential: Credential = "static",
    selection: Selection = EVERYTHING,
    servers: Servers | None = None,
) -> Plan | NothingToDo:
    """The plan, proven. Without `servers` it is made from Git alone.

    Raises Failed where nothing fits the phase, Refused where the phase cannot move what fits, where it was begun by
    hand, where something is in the way, where a step's way back could not be proven, or where kustomize would refuse
    what is left; Unreachable where servers do not answer.
    """
    handed = phase.credential(credential)
    cases = cases_of(estate, phase, credential, selection, servers)
    if isinstance(cases, NothingToDo):
        return cases
    seen = servers or assumed({target: state for case in cases for target, state in case.assumed.items()})
    composition = compose([case.subject for case in cases], phase, credential, Drafts(estate.files), seen)
    prove(composition)
    files = whole(estate.files, {edit.file for step in composition.steps for edit in step.change.files})
    tree = built(files)
    insist_on_builds(composition, files, tree)
    watched = [target for case in cases for target in case.watched]
    told = [*_findings(cases, composition, estate), *_of_flux(cases, composition, estate, tree)]
    findings = softened(seen, [*told, *missing(composition.found, watched)])
    unknowns = tuple(dict.fromkeys(unknown for case in cases for unknown in case.unknowns()))
    return Plan(
        phase=phase.name,
        mode=seen.mode,
        commit=estate.commit,
        dirty=estate.dirty,
        unit=", ".join(units(cases)),
        credential=handed,
        facts=(*_facts(cases, estate.files, composition), *facts(composition.found, watched)),
        steps=composition.steps,
        gates=gates_of(phase, credential, composition, cases, estate.config),
        verdicts=tuple(_verdicts(cases, estate.inventory)),
        patches=composition.patches,
        findings=tuple(sorted(findings, key=lambda remark: SEVERITIES.index(remark.severity))),
        unknowns=still_unknown(seen, unknowns),
        notes=tuple(dict.fromkeys(note for case in cases for note in case.notes(composition.steps))),
        retention=estate.config.soak.retention,
        deployed=deployed_branch(estate.files),
        places=seen.places,
    )


def _findings(cases: tuple[Case, ...], composition: Composition, estate: Estate) -> Iterator[Remark]:
    """What an operator should know first, each once, in the order in which it was found."""
    yield from dict.fromkeys(
        [
            *(remark for case in cases for remark in case.remarks(composition)),
            *_masked(composition),
            *stood(composition.found),
            *_standing(estate),
        ]
    )


def _of_flux(cases: tuple[Case, ...], composition: Composition, estate: Estate, tree: Built) -> Iterator[Remark]:
    """What the order in which Flux reconciles things makes of this plan."""
    profiles = shipped().told(scan_settings(estate.config).adapters)
    standstill = Standstill(tree)
    found = [*standing_still(cases, composition, standstill)]
    yield from dict.fromkeys([*found, *rebuilt(cases, composition, tree, standstill, profiles)])


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


def _facts(cases: tuple[Case, ...], files: Files, composition: Composition) -> Iterator[Fact]:
    """What the plan stands on, file by file: what it edits, and what it only believed."""
    believed = [one for case in cases for one in case.believed]
    named = {file for _, file in believed}
    for step in composition.steps:
        for edit in step.change.files:
            if edit.file not in named and edit.before is not None:
                named.add(edit.file)
                believed.append((Target("git", "File", edit.file), edit.file))
    if FILE in files.paths:
        believed.append((Target("git", "File", FILE), FILE))
    for target, file in sorted(set(believed)):
        yield Fact(target, f"blob:{blob_id(files.read(file))}", f"{file}, as Git names its content", file)


def _verdicts(cases: tuple[Case, ...], inventory: Inventory) -> Iterator[Json]:
    """Every secret of the scan: those this plan moves, and why the others are left."""
    moved = {(one.id, one.file): one.why for case in cases for one in case.moves}
    for secret in inventory.secrets:
        ours = (secret.id, secret.file) in moved
        yield {
            "namespace": secret.namespace,
            "name": secret.name,
            "verdict": secret.verdict,
            "inPhase": ours,
            "why": moved[secret.id, secret.file] if ours else _why(secret),
        }


def _why(secret: Secret) -> str:
    reason = "; ".join(reason.text for reason in secret.reasons)
    return f"not moved by this plan ({reason})" if reason else "not moved by this plan"
