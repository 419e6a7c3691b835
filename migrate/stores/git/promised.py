"""A commit is built before it is published, over all that Flux applies of the very tree that it would leave.

What it changes and prunes must be what the plan says it does, whatever others have committed since; and where the
operator has kustomize, that must build it: its refusal is the one that Flux would meet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from migrate.documents.reader import YamlFault, load_all
from migrate.model.json import texts
from migrate.model.ports import Move
from migrate.planning.builds import Pair, faults
from migrate.planning.built import Built, built, whole
from migrate.planning.effects import Effect
from migrate.planning.files import Files
from migrate.planning.masking import MASK
from migrate.stores import kustomize
from migrate.stores.git.command import Git
from migrate.stores.git.commit_tree import files_at
from migrate.stores.git.outcome import conflict, quoted
from migrate.stores.git.room import room
from migrate.stores.git.scene import Scene

_NAME = re.compile(r"[\w./-]+")


@dataclass(frozen=True, slots=True)
class Made:
    """A commit on `base` that nobody knows yet, in the private worktree `here`. `files`: what it changes."""

    scene: Scene
    here: Git
    base: str
    commit: str
    files: frozenset[str]


def insist_on_promise(made: Made, move: Move) -> None:
    """Return if the commit does what the plan says, and can be built. Raises NotWritten (Conflict), Unreachable."""
    after = _built(made, made.commit)
    for fault in (*_faults(made, move, after), *_refusals(made, move, after)):
        raise conflict(f"{fault}. Nothing was published; what others committed since the plan was made may be why")


# --- by our own reading --------------------------------------------------------------------------------------------


def _faults(made: Made, move: Move, after: Built) -> Iterator[str]:
    step = made.scene.assignment.plan.step(move.step)
    if step is None:
        return
    back = move.way == "back"
    before = _built(made, made.base)
    # Forward, whatever others broke since the approval counts; on the way back only what the way back breaks.
    known = before.problems if back or not after.problems else _built(made, _approved(made)).problems
    promised = Effect(frozenset(step.applies), frozenset(step.prunes))
    yield from faults(move.step, Pair(before, after, made.files), promised, known, back=back)


def _approved(made: Made) -> str:
    """The commit that the plan was made on; where it is not here (any more), the one that this one is made on."""
    start = made.scene.assignment.plan.commit
    return start if start and made.scene.repository.commit(start) else made.base


def _built(made: Made, commit: str) -> Built:
    return built(whole(_files(made, commit), made.files))


def _files(made: Made, commit: str) -> Files:
    repository = made.scene.repository
    return files_at(str(Path(repository.git.folder, repository.prefix)), commit)


# --- by kustomize itself -------------------------------------------------------------------------------------------


def _refusals(made: Made, move: Move, after: Built) -> Iterator[str]:
    """What kustomize says of a folder that this commit has a part in, and that it could build before."""
    command, repository = kustomize.program(), made.scene.repository
    folders = sorted(_touched(after, made.files)) if command else []
    if not command or not folders or not _checked_out(made.here):
        return
    root = Path(made.here.folder, repository.prefix)
    found = {folder: words for folder in folders if (words := kustomize.refusal(command, root, folder)) is not None}
    reference = made.base if move.way == "back" else _approved(made)
    for folder in sorted(found.keys() - _unbuildable(made, reference, command, sorted(found))):
        said = _without_texts(found[folder], _files(made, made.commit))
        yield f"after {move.step} kustomize does not build {folder or '.'}: {said}"


def _without_texts(words: str, files: Files) -> str:
    """What kustomize says, without any text of a manifest that is more than a name or a path: it quotes freely."""
    contents = [files.read(path) for path in files.paths]
    lines = {line.strip() for data in contents for text in _texts(data) for line in text.splitlines()}
    for line in sorted((one for one in lines if one and not _NAME.fullmatch(one)), key=len, reverse=True):
        words = words.replace(line, MASK)
    return quoted(words, contents)


def _texts(data: bytes) -> Iterator[str]:
    try:
        documents = load_all(data)
    except YamlFault:
        return
    for document in documents:
        yield from texts(document.value)


def _unbuildable(made: Made, commit: str, command: tuple[str, ...], folders: list[str]) -> frozenset[str]:
    """Those that it could not build there either: for want of a network or a plugin, which Flux may have."""
    if not folders:
        return frozenset()
    repository = made.scene.repository
    with room(repository, commit) as there:
        there.ask("read-tree", "HEAD")
        if not _checked_out(there):
            return frozenset(folders)
        root = Path(there.folder, repository.prefix)
        return frozenset(one for one in folders if kustomize.refusal(command, root, one) is not None)


def _checked_out(here: Git) -> bool:
    return here.try_("checkout-index", "--all", "--force", "--quiet").code == 0


def _touched(tree: Built, files: frozenset[str]) -> frozenset[str]:
    """The folders that are applied and that some of these files have a part in."""
    folders = {file.rpartition("/")[0] for file in files}
    return frozenset(
        scope.paths.get(item.by, item.by)
        for scope in tree.scopes
        for item in scope.applied
        if item.facts.file in files
        or (item.placed is not None and any(layer.folder in folders for layer in item.placed.layers))
    )
