"""A step becomes a commit. What the plan names is what is there, and what it names is what is made; else nothing is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from migrate.model.change import FileEdit
from migrate.model.errors import Refused
from migrate.model.ports import Move, Outcome, Written
from migrate.planning.commits import replayed
from migrate.planning.files import blob_id
from migrate.stores.git.branches import Branch, unmerged_copies
from migrate.stores.git.building import Content, build, identified
from migrate.stores.git.merging import Merged, merge
from migrate.stores.git.message import Wording, message
from migrate.stores.git.outcome import NotWritten, conflict, denied
from migrate.stores.git.promised import Made, insist_on_promise
from migrate.stores.git.publishing import Publication, movable, publish
from migrate.stores.git.repository import Held, name_of
from migrate.stores.git.room import room
from migrate.stores.git.scene import Scene


def apply(scene: Scene, move: Move) -> Outcome:
    """Commit the step on the plan's branch. Raises NotWritten where it may not be."""
    base = _base(scene)
    held = scene.held(base, move.change)
    if all(name_of(held[edit.file]) == edit.after for edit in move.change.files):
        return Written()
    files = {edit.file: _becomes(_Part(scene, base, move, edit, held[edit.file])) for edit in move.change.files}
    movable(scene.repository, scene.survey.work)
    _clean(scene, [edit.file for edit in move.change.files])
    content = Content(files, tuple(one.data for one in held.values() if one is not None))
    return committed(scene, scene.survey.work, base, content, move)


def obstacles(scene: Scene) -> Iterator[NotWritten]:
    """What would keep the plan's commits from being made as things stand: known before anything is written."""
    files = sorted({edit.file for step in scene.assignment.plan.steps for edit in step.change.files})
    hands: tuple[Callable[[], object], ...] = (
        lambda: _base(scene),
        lambda: movable(scene.repository, scene.survey.work),
        lambda: identified(scene.repository),
        lambda: _clean(scene, files),
    )
    for hand in hands if files else ():
        try:
            hand()
        except NotWritten as answer:
            yield answer


def committed(scene: Scene, branch: Branch, base: str, content: Content, move: Move) -> Outcome:
    """Build the commit and let the branch point to it. Raises NotWritten."""
    repository, assignment = scene.repository, scene.assignment
    identified(repository)
    text = message(move, Wording(assignment.subject, assignment.plan, assignment.name))
    why = f"migrate: {move.way} {move.step} of {move.plan}"
    with room(repository, base) as here:
        commit = build(repository, here, base, content, text)
        insist_on_promise(Made(scene, here, base, commit, frozenset(content.files)), move)
        return publish(repository, Publication(branch, commit, why))


def _base(scene: Scene) -> str:
    """What the commit is made on."""
    found, assignment = scene.survey, scene.assignment
    if found.work.name == assignment.deployed:
        raise denied(
            f"git.branch is {assignment.branch}, the very branch that is deployed: nobody could review the step",
            "set git.branch in migrate.yaml to a branch of its own, then plan again",
        )
    if found.back.open:
        raise conflict(
            f"branch {found.back.name} takes this plan back and is not merged yet; merge it, or delete it with "
            f"git branch -D {found.back.name}"
        )
    if not found.work.spent and not found.work.ours:
        raise conflict(
            f"branch {found.work.name} holds commits of others and none of a plan, {found.work.commits[0].id[:12]} "
            f"being the last; rename it with git branch -m {found.work.name} NEW-NAME"
        )
    if copies := unmerged_copies(scene.repository, found.work, found.deployed.tip):
        raise conflict(
            f"{copies[0]} holds steps of a plan that are neither merged nor on {found.work.name} here; go on from "
            f"there with git branch --force {found.work.name} {copies[0]}, or delete that branch where it is"
        )
    return found.tip


@dataclass(frozen=True, slots=True)
class _Part:
    """One file of a step, and what of it is there at the commit it is made on."""

    scene: Scene
    base: str
    move: Move
    edit: FileEdit
    held: Held | None


def _becomes(part: _Part) -> Held | None:
    """The file as the step leaves it; None: gone. Raises NotWritten where it is not what the step was made for."""
    if part.held is not None and not part.held.plain:
        raise denied(f"{part.edit.file} is a symbolic link; only files are edited", "put the file itself there")
    if name_of(part.held) == part.edit.before:
        return _after(part.edit, part.held)
    if not _lasts(part):
        raise conflict(f"{_difference(part)}. Plan again: the step was made for other content")
    if part.held is not None and (made := _beside(part, part.held.data)) is not None:
        return Held(part.held.mode, made)
    raise conflict(f"{_difference(part)}. {_by_hand(part)}")


def _by_hand(part: _Part) -> str:
    if part.edit.after is None:
        return "The whole file was to go: move what others put there to another file, or go back to what it was"
    return (
        "The step cannot be told from what others did there. Make its change by hand (migrate show has it) and merge "
        "it: it is then taken as done; or put those lines back as they were"
    )


def _lasts(part: _Part) -> bool:
    """Whether the step is made days after it was approved: others go on editing the files that it will edit.

    Earlier steps decide what pods run, and were looked at with the whole file: they are made for that content alone.
    """
    step = part.scene.assignment.plan.step(part.move.step)
    return step is not None and step.stage == "contract"


def _beside(part: _Part, now: bytes) -> bytes | None:
    """The step's own edits, made where others changed the file elsewhere since the plan.

    None where a merge of the planned contents does not come to the very same bytes.
    """
    before, after = part.scene.ends(part.edit)
    if before is None or after is None:
        return None
    try:
        made = replayed(now, part.edit.edits)
    except Refused:
        return None
    return made if merge(now, before, after) == Merged(made or b"") else None


def _difference(part: _Part) -> str:
    there = "is not there" if part.held is None else f"is {_short(name_of(part.held))}"
    last = part.scene.repository.last_to_touch(part.base, [part.edit.file])
    since = f", last changed by commit {last.id[:12]}" if last is not None else ""
    wanted = f"the plan needs {_short(part.edit.before)}{_inside(part.scene, part.base, part.edit.file)}"
    return f"{part.edit.file} {there}{since}; {wanted}"


def _inside(scene: Scene, base: str, file: str) -> str:
    """A file below a submodule is somebody else's repository."""
    parts = scene.repository.path(file).split("/")
    folders = ["/".join(parts[:count]) for count in range(1, len(parts))]
    found = scene.repository.entries(base, folders)
    return "".join(f" ({path} is a submodule or a link: a repository of its own)" for path in sorted(found))


def _short(name: str | None) -> str:
    return f"blob {name[:12]}" if name else "no file"


_STATUS = ("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")


def _clean(scene: Scene, files: Iterable[str]) -> None:
    """The operator's own unfinished edits of the very files would meet ours when the branch is merged."""
    paths = [scene.repository.path(file) for file in files]
    text = scene.repository.git.ask(*_STATUS, "--", *paths)
    dirty = sorted(line[3:] for line in text.split("\0") if line)
    if dirty:
        raise denied(
            f"the checkout has uncommitted changes in files that are to be committed: {', '.join(dirty)}",
            "commit or stash them, then go on",
        )


def _after(edit: FileEdit, held: Held | None) -> Held | None:
    """The file as the plan says it becomes, made anew from its edits."""
    try:
        made = replayed(held.data if held else None, edit.edits)
    except Refused as error:
        raise denied(f"{edit.file}: {error.happened}", "plan again") from error
    if (None if made is None else blob_id(made)) != edit.after:
        raise denied(f"{edit.file}: the planned edits do not give the planned content", "plan again with this version")
    return None if made is None else Held(held.mode if held else _PLAIN, made)


_PLAIN = "100644"
