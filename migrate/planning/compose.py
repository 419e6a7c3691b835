"""From wishes to steps: captures the state before and after each, and derives what the plan says of the way back."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

from migrate.catalog import shelf
from migrate.documents.edits import CannotEdit, RemoveDocument
from migrate.documents.patches import differences
from migrate.model.change import Absent, Blobs, Change, Doc, Exact, FileEdit, Input, Irreversible, State, Undo
from migrate.model.errors import Refused
from migrate.model.json import Json, mapping
from migrate.model.plan import STAGES, PatchPair, Provenance, Step
from migrate.model.target import Target
from migrate.operations.subject import Subject
from migrate.operations.wish import Edits, FileAct, Put, Remove, Rewrite, Wish, works_on
from migrate.planning.commits import edit_file, folded
from migrate.planning.effects import called
from migrate.planning.files import Drafts, Versions
from migrate.planning.phases import Credential, Phase, Use
from migrate.planning.servers import Found, Servers


@dataclass(frozen=True)
class Composition:
    """The steps in order, the patches that go with them, and the files each step left behind (for the proof)."""

    steps: tuple[Step, ...]
    patches: tuple[PatchPair, ...]
    versions: Versions
    found: Found
    """What was there before, as far as it was looked at."""

    @cached_property
    def of_unit(self) -> Mapping[str, tuple[Step, ...]]:
        """The steps of each workload, in order."""
        found = defaultdict[str, list[Step]](list)
        for step in self.steps:
            found[step.unit].append(step)
        return {unit: tuple(some) for unit, some in found.items()}


@dataclass(slots=True)
class _World:
    """What holds after the steps so far."""

    drafts: Drafts
    found: Found
    states: dict[Target, State] = field(default_factory=dict)
    made_by: dict[Target, str] = field(default_factory=dict)
    versions: Versions = field(default_factory=Versions)
    removed: dict[str, list[int]] = field(default_factory=dict)
    """Documents that are gone from a file, by their places in the tree that was read."""


def compose(
    subjects: Sequence[Subject], phase: Phase, credential: Credential, drafts: Drafts, servers: Servers
) -> Composition:
    """Every step of the phase for these subjects. What is there already as wished makes no step.

    Stage by stage, and within a stage one workload after the other. Raises Refused where a file cannot be edited
    exactly, where something is in the way, and where an operation does not work on such a subject; Unreachable.
    """
    world = _World(drafts, Found(servers))
    steps, patches, owed = list[Step](), list[PatchPair](), dict[str, Target]()
    for use, subject in _order(phase.uses(credential), subjects):
        for wish in _wishes(use, subject, phase):
            identity = f"{use.stage}.{use.operation}.{_short(wish.target, subjects)}"
            files, pairs = _files(wish, identity, world)
            change = _change(wish, files, world)
            if change.before == change.after:
                continue
            steps.append(_step(identity, wish, use, change, world, subject, phase))
            patches += pairs
            if wish.compensated_by is not None:
                owed[identity] = wish.compensated_by
            world.states[wish.target] = change.after
            world.made_by[wish.target] = identity
    steps = [_compensated(step, owed, world) for step in steps]
    return Composition(tuple(steps), tuple(patches), world.versions, world.found)


def _effect(wish: Wish) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a commit applies and prunes, as its operation says; nothing of other writes."""
    if not isinstance(act := wish.act, Edits):
        return (), ()
    applies = act.applies if act.applies or act.prunes else (wish.target,)
    return tuple(sorted({*map(called, applies)})), tuple(sorted({*map(called, act.prunes)}))


def _order(uses: list[Use], subjects: Sequence[Subject]) -> Iterator[tuple[Use, Subject]]:
    for stage in STAGES:
        for subject in subjects:
            yield from ((use, subject) for use in uses if use.stage == stage)


def _short(target: Target, subjects: Sequence[Subject]) -> str:
    """The last part of a name tells steps of one workload apart; of several, objects need their namespace too."""
    return target.short if len(subjects) == 1 or target.store == "vault" else target.name.replace("/", ".")


def _wishes(use: Use, subject: Subject, phase: Phase) -> Iterator[Wish]:
    operation = phase.operation(use.operation)
    if not isinstance(subject, works_on(operation)):
        raise Refused(
            f"operation {use.operation} does not work on {subject.unit}, as this phase selects it",
            undone="no plan was made",
            following="name an operation of the same kind in the phase file",
        )
    try:
        yield from operation(subject, _arguments(use))
    except CannotEdit as error:
        raise error.of(subject.file) from error


def _arguments(use: Use) -> dict[str, Json]:
    arguments: dict[str, Json] = dict(use.arguments)
    if isinstance(policy := arguments.get("policy"), str):
        arguments["template"] = policy_text(policy)
    return arguments


@cache
def policy_text(policy: str) -> str:
    """A shipped policy template, by the name a phase gives it (`policies/NAME.hcl`)."""
    return (shelf("policies") / policy.removeprefix("policies/")).read_text(encoding="utf-8")


def _change(wish: Wish, files: tuple[FileEdit, ...], world: _World) -> Change:
    match wish.act:
        case Put(value, inputs):
            before = _before(wish, Doc(value), world)
            if before != Doc(value):
                _insist_on_shared(wish, inputs, world)
            return Change(wish.target, before, Doc(value), _undo(wish), inputs, (), wish.replaces)
        case Remove():
            before = world.states[wish.target] if wish.target in world.states else world.found.read(wish.target)
            return Change(wish.target, before, Absent(), _undo(wish), (), (), wish.replaces)
        case Edits():
            was = Blobs(tuple((one.file, one.before) for one in files))
            now = Blobs(tuple((one.file, one.after) for one in files))
            return Change(wish.target, was, now, _undo(wish), (), files, wish.replaces)


def _before(wish: Wish, wanted: Doc, world: _World) -> State:
    if wish.target in world.states:
        return world.states[wish.target]
    return world.found.before(wish.target, wanted, updates=wish.updates)


def _insist_on_shared(wish: Wish, inputs: tuple[Input, ...], world: _World) -> None:
    """A password that two targets share is known only to the plan that makes both."""
    for one in inputs:
        if one.shares is not None and one.shares not in world.made_by:
            raise Refused(
                f"{one.shares} is there already, and {wish.target} would need its {one.field}, which nobody knows",
                truth="a password that was made for one run is kept nowhere",
                undone="no plan was made",
                following=f"take {one.shares} away if nobody uses it, then plan again",
            )


def _undo(wish: Wish) -> Undo:
    return Exact() if wish.remains is None else Irreversible(wish.remains, None)


def _compensated(step: Step, owed: dict[str, Target], world: _World) -> Step:
    """The step with the one named whose inverse deals with what remains of it: that may come later in the plan."""
    undo = step.change.undo
    if not isinstance(undo, Irreversible) or step.id not in owed:
        return step
    return replace(step, change=replace(step.change, undo=replace(undo, compensates=world.made_by.get(owed[step.id]))))


def _step(identity: str, wish: Wish, use: Use, change: Change, world: _World, subject: Subject, phase: Phase) -> Step:
    rests, (applies, prunes) = [*wish.rests_on, wish.target], _effect(wish)
    return Step(
        id=identity,
        unit=subject.unit,
        stage=use.stage,
        operation=use.operation,
        summary=wish.summary,
        change=change,
        guard=wish.guard,
        needs=wish.needs,
        blast=wish.blast,
        provenance=Provenance(phase.place(use), _policy_line(wish.policy), subject.inventory),
        depends=tuple(dict.fromkeys(world.made_by[target] for target in rests if target in world.made_by)),
        applies=applies,
        prunes=prunes,
    )


def _policy_line(policy: str | None) -> str | None:
    if policy is None:
        return None
    for number, line in enumerate(policy_text(policy).split("\n"), 1):
        if re.match(r"\s*path\s", line):
            return f"{policy}:{number}"
    return policy


def _files(wish: Wish, step: str, world: _World) -> tuple[tuple[FileEdit, ...], list[PatchPair]]:
    """Make the wish's edits in the drafts. One commit may touch several files, and a file at several places."""
    if not isinstance(wish.act, Edits):
        return (), []
    edits, documents = defaultdict[str, list[FileEdit]](list), dict[tuple[str, int], None]()
    for read in wish.act.files:
        one = _moved_up(read, world)
        before = world.drafts.read(one.file) or b""
        edits[one.file].append(edit := edit_file(one, world.drafts))
        _keep(world, edit, before, world.drafts.read(one.file))
        if isinstance(one, Rewrite):
            documents[one.file, one.document] = None
    whole = {file: folded(some, world.versions.texts) for file, some in edits.items()}
    pairs = [pair for file, at in documents for pair in _patches(step, at, whole[file], world.versions)]
    return tuple(whole.values()), pairs


def _moved_up(act: FileAct, world: _World) -> FileAct:
    """The same edits where their document stands now: wishes name places as they were read."""
    if not isinstance(act, Rewrite):
        return act
    gone = world.removed.setdefault(act.file, [])
    now = replace(act, document=act.document - sum(one < act.document for one in gone))
    if RemoveDocument() in act.edits:
        gone.append(act.document)
    return now


def _keep(world: _World, edit: FileEdit, before: bytes, after: bytes | None) -> None:
    if edit.before is not None:
        world.versions.texts[edit.before] = before
    if edit.after is not None and after is not None:
        world.versions.texts[edit.after] = after


def _patches(step: str, document: int, edit: FileEdit, versions: Versions) -> Iterator[PatchPair]:
    """Patches are for documents that exist before and after; where one was removed the next stands in its place."""
    old, new = (versions.value(blob, document) if blob else None for blob in (edit.before, edit.after))
    if old is None or new is None:
        return
    guard = tuple(_identity(mapping(old)))
    if guard != tuple(_identity(mapping(new))):
        return
    # Not proven here: what is handed out, the guard with it, is proven as a file of its own would be applied (prove).
    there, back = differences(old, new), differences(new, old)
    yield PatchPair(_object(edit.file, mapping(old)), step, (*guard, *there), (*guard, *back))


def _identity(value: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """Tests that name the object: a patch that only adds has nothing else to begin with."""
    for path, found in (("/kind", value.get("kind")), ("/metadata/name", mapping(value.get("metadata")).get("name"))):
        if isinstance(found, str):
            yield {"op": "test", "path": path, "value": found}


def _object(file: str, value: dict[str, Json]) -> Target:
    metadata = mapping(value.get("metadata"))
    kind, name = str(value.get("kind") or "File"), metadata.get("name")
    if not isinstance(name, str):
        return Target("git", kind, file)
    namespace = metadata.get("namespace")
    return Target("git", kind, f"{namespace}/{name}" if isinstance(namespace, str) else name)
