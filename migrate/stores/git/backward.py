"""A step is taken back: dropped while only we know of it, reverted where others do. Only what is still ours goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.model.change import inverted
from migrate.model.ports import Move, Outcome, Written
from migrate.planning.masking import masked_lines
from migrate.stores.git.branches import Branch, is_spent
from migrate.stores.git.building import Content
from migrate.stores.git.chain import Side
from migrate.stores.git.forward import committed
from migrate.stores.git.merging import Merged, Overlap, Region, contains, merge
from migrate.stores.git.outcome import conflict
from migrate.stores.git.publishing import Publication, movable, publish
from migrate.stores.git.repository import Commit, Held, name_of
from migrate.stores.git.scene import Scene


def retract(scene: Scene, move: Move) -> Outcome:
    """Take the step back. Written too where nothing of it is left. Raises NotWritten where it may not be."""
    branch, base = _where(scene, move)
    if set(scene.sides(base, move.change).values()) == {Side.AFTER}:  # after the inverse: where it shall be
        return Written()
    if branch is scene.survey.back and not branch.open and not scene.ever_deployed(inverted(move.change)):
        return _as_it_is(scene, base, move)
    movable(scene.repository, branch)
    if _droppable(scene, move, branch):
        return _drop(scene, move, branch)
    held = scene.held(base, move.change)
    files = dict(_files(scene, base, move, held))
    content = Content(files, tuple(one.data for one in held.values() if one is not None))
    return committed(scene, branch, base, content, move)


def _where(scene: Scene, move: Move) -> tuple[Branch, str]:
    """The branch to do it on, and the commit to do it from."""
    found = scene.survey
    deployed = set(scene.sides(found.deployed.tip, move.change).values())
    mine = any(_is_step(scene, move, commit) for commit in found.work.commits)
    if found.work.open and found.work.tip and mine and deployed != {Side.BEFORE}:
        return found.work, found.work.tip
    base = found.back.tip if found.back.open and found.back.tip else found.deployed.tip
    if not found.back.spent and not found.back.ours:
        raise conflict(
            f"branch {found.back.name} holds commits of others and none of a plan; rename it with "
            f"git branch -m {found.back.name} NEW-NAME"
        )
    return found.back, base


def _droppable(scene: Scene, move: Move, branch: Branch) -> bool:
    """True if the branch's last commit is the step's, and holds nothing else."""
    if branch.name != scene.survey.work.name or not branch.commits:
        return False
    last = branch.commits[0]
    return last.id == branch.tip and _is_step(scene, move, last) and _nothing_else(scene, move, last)


def _is_step(scene: Scene, move: Move, commit: Commit) -> bool:
    wanted = {"Migrate-Digest": scene.assignment.digest, "Migrate-Step": move.step, "Migrate-Way": "forward"}
    return wanted.items() <= commit.trailers.items() and len(commit.parents) == 1


def _nothing_else(scene: Scene, move: Move, commit: Commit) -> bool:
    repository, (parent,) = scene.repository, commit.parents
    text = repository.git.ask("diff-tree", "-r", "-z", "--name-only", "--no-renames", parent, commit.id)
    if {path for path in text.split("\0") if path} != {repository.path(edit.file) for edit in move.change.files}:
        return False
    ours, found = scene.held(commit.id, move.change), scene.held(parent, move.change)
    return all(
        name_of(ours[edit.file]) == edit.before and name_of(found[edit.file]) == edit.after
        for edit in move.change.files
    )


def _drop(scene: Scene, move: Move, branch: Branch) -> Outcome:
    """Move the branch back by one commit; away with it where nothing is left that is not deployed."""
    (parent,), rest = branch.commits[0].parents, branch.commits[1:]
    deployed = scene.survey.deployed.tip
    done = not rest or is_spent(scene.repository, parent, deployed, rest)
    why = f"migrate: drop {move.step} of {move.plan}"
    outcome = publish(scene.repository, Publication(branch, None if done else parent, why))
    # Without a branch of ours the files are as they are deployed, whatever others made of them there.
    return _as_it_is(scene, deployed if done else parent, move) if outcome == Written() else outcome


def _as_it_is(scene: Scene, commit: str, move: Move) -> Written:
    """The state is told only where it is not what was asked for."""
    state = scene.state(commit, move.change)
    return Written() if state == move.change.after else Written(state)


def _files(scene: Scene, base: str, move: Move, held: dict[str, Held | None]) -> Iterator[tuple[str, Held | None]]:
    """What each file becomes that does not stand where it shall yet. Raises NotWritten naming all that overlap."""
    clashes = list[str]()
    for edit in move.change.files:
        now = held[edit.file]
        if scene.side(edit.file, edit.before, edit.after, now) is Side.AFTER:
            continue
        match _retracted(_Way(edit.file, *scene.ends(edit)), now):
            case Put(data=None):
                yield edit.file, None
            case Put(data=bytes(data)):
                yield edit.file, Held(now.mode if now else _mode(scene, base, edit.file), data)
            case Clash(text):
                clashes.append(text)
    if clashes:
        raise conflict("; ".join(clashes))


@dataclass(frozen=True, slots=True)
class Put:
    """The file shall be this; None: not be."""

    data: bytes | None


@dataclass(frozen=True, slots=True)
class Clash:
    """It cannot be told what is ours. The text shows both sides."""

    text: str


@dataclass(frozen=True, slots=True)
class _Way:
    """What the step left, and what it had found."""

    file: str
    left: bytes | None
    found: bytes | None


def _retracted(way: _Way, now: Held | None) -> Put | Clash:
    data = None if now is None else now.data
    if data == way.left:
        return Put(way.found)
    if data is None:
        return Clash(f"{way.file} was taken away by somebody since")
    if way.left is None or way.found is None:
        what = "came back with other content" if way.left is None else "was made by the step and changed"
        return Clash(f"{way.file} {what} since (blob {name_of(now)})")
    match merge(data, way.left, way.found):
        case Merged(text) if contains(text, way.left, way.found):
            return Put(text)
        case Merged():
            return Clash(f"{way.file} was changed since, so that it cannot be told what of it is the step's")
        case Overlap(regions):
            return Clash(_shown(way, data, regions))


def _mode(scene: Scene, base: str, file: str) -> str:
    """The mode a file had before it was taken away."""
    path = scene.repository.path(file)
    for commit in scene.repository.commits("-1", "--diff-filter=D", base, paths=[path]):
        for parent in commit.parents:
            if entry := scene.repository.entries(parent, [path]).get(path):
                return entry.mode
    return "100644"


_SHOWN = 6
"""Lines of each side that a conflict shows; the file has the rest."""


def _shown(way: _Way, now: bytes, regions: tuple[Region, ...]) -> str:
    """Both sides of every overlap, by their lines; literals masked."""
    left = way.left or b""
    ours, theirs = masked_lines(left, [now]), masked_lines(now, [left])
    parts = (f"{_side('now', theirs, one.now)}; {_side('as the step left it', ours, one.base)}" for one in regions)
    return f"{way.file} was changed since, in the lines of the step or beside them: {'; '.join(parts)}"


def _side(which: str, text: list[str], lines: range) -> str:
    some = [text[number - 1].strip() for number in lines if number <= len(text)]
    shown = " | ".join(some[:_SHOWN] + ["..."] * (len(some) > _SHOWN))
    return f"{which}, {_lines(lines)}" + (f": {shown}" if shown else "")


def _lines(lines: range) -> str:
    if not lines:
        return f"nothing at line {lines.start}"
    return f"line {lines.start}" if len(lines) == 1 else f"lines {lines.start} to {lines.stop - 1}"
