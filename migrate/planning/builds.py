"""Every commit of a plan, and its inverse, built over all that Flux applies: what changes must be what the plan says.

By our own reading of Flux and kustomize, which tests compare with the real one's. From one broken kustomization Flux
applies nothing any more, and a check of health that can never pass holds back all that depends on it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from migrate.documents.reader import YamlFault, load_once
from migrate.estate import flux
from migrate.estate.extract import KUSTOMIZATION_NAMES
from migrate.model.errors import Refused
from migrate.model.json import items, mapping, reach, text, texts
from migrate.model.plan import Step
from migrate.planning.built import Built, built, instead
from migrate.planning.compose import Composition
from migrate.planning.copies import LISTS
from migrate.planning.effects import Effect, effect, unlike
from migrate.planning.files import Files, beside

_ALONE = 40
"""So many commits are built one by one. Of a plan with more, those of a stage are built together: each build follows
the whole estate, and a wave of hundreds would take hundreds of times as long."""


def insist_on_builds(composition: Composition, files: Files, before: Built) -> None:
    """Return if every commit, and what takes it back, does to the clusters what the plan says, and nothing else.

    `files`: the tree of today, with every object known of the files that commits change; `before`: built of it.

    Raises Refused naming the first commit that does not, or that kustomize or Flux would not get past.
    """
    _insist_on_names(composition, files)
    commits = [step for step in composition.steps if step.change.files]
    if not commits:
        return
    for some in _together(commits):
        texts = _left(some, composition)
        files = instead(files, texts)
        after, changed = built(files), frozenset(texts)
        if wrong := next(faults(_called(some), Pair(before, after, changed), _promised(some), before.problems), None):
            raise _refused(wrong)
        before = after


@dataclass(frozen=True, slots=True)
class Pair:
    """A tree before and after a commit. `changed`: the files that differ."""

    before: Built
    after: Built
    changed: frozenset[str]


def _together(commits: list[Step]) -> Iterator[list[Step]]:
    if len(commits) <= _ALONE:
        yield from ([step] for step in commits)
        return
    for _, some in groupby(commits, key=lambda step: step.stage):
        yield list(some)


def _left(steps: Sequence[Step], composition: Composition) -> dict[str, bytes | None]:
    """The files as these commits leave them."""
    edits = [edit for step in steps for edit in step.change.files]
    return {edit.file: composition.versions.texts[edit.after] if edit.after else None for edit in edits}


def _called(steps: Sequence[Step]) -> str:
    return steps[0].id if len(steps) == 1 else f"{steps[0].id} to {steps[-1].id}"


def _promised(some: Sequence[Step]) -> Effect:
    """What is left of them all: of an object that is changed and then pruned, that it is pruned."""
    prunes = frozenset(name for one in some for name in one.prunes)
    return Effect(frozenset(name for one in some for name in one.applies) - prunes, prunes)


def faults(name: str, pair: Pair, promised: Effect, known: frozenset[str], *, back: bool = False) -> Iterator[str]:
    """What is wrong with the commits of that name, in words: with what is built of them, and with what they do there.

    `known`: problems that were there before anybody approved them. `back`: they take back what is promised, perhaps
    only a part of it. An empty promise is none: plans of earlier versions make none.
    """
    if broken := sorted(pair.after.problems - known):
        yield f"{name} would leave what kustomize refuses to build: {'; '.join(broken)}"
    found = effect(pair.before, pair.after, pair.changed)
    differs = unlike(found, promised.back_to(found) if back else promised) if not promised.empty else ()
    if wrong := [*differs]:
        yield f"built over all that Flux applies, {name} is not what the plan says: {'; '.join(wrong)}"
    if waits := [*_waits(pair.after, found.prunes)]:
        yield f"after {name} {waits[0]}: it would never be Ready, nor would what depends on it"


def _refused(what: str) -> Refused:
    return Refused(
        what,
        truth="nothing was written",
        undone="no plan was made",
        following="change what is named in a commit of its own, then plan again",
    )


def _waits(tree: Built, gone: frozenset[str]) -> Iterator[str]:
    """Kustomizations that wait for the health of something that is no more."""
    for scope in tree.scopes:
        for item in scope.applied if gone else ():
            if flux.is_kustomization(item.facts):
                for one in items(reach(tree.document(item), "spec", "healthChecks")):
                    place = text(one.get("namespace")) or item.facts.namespace or "default"
                    name = f"{text(one.get('kind'))}/{place}/{text(one.get('name'))}"
                    if name in gone:
                        yield f"Kustomization {item.facts.name} ({item.facts.file}) would wait for {name}"


# --- names that are left behind ------------------------------------------------------------------------------------


def _insist_on_names(composition: Composition, files: Files) -> None:
    """Return if no kustomization still names a file that the plan takes away, in whatever field."""
    after = {edit.file: edit.after for step in composition.steps for edit in step.change.files}
    gone = {file for file, blob in after.items() if blob is None}
    folders = {posixpath.dirname(file) for file in gone if posixpath.basename(file) in KUSTOMIZATION_NAMES}
    if not gone:
        return
    for path in files.paths:
        if posixpath.basename(path) not in KUSTOMIZATION_NAMES or path in gone:
            continue
        blob = after.get(path)
        for name, listed in _texts(files.read(path) if blob is None else composition.versions.texts[blob]):
            # A name may read like a folder; only in a list it is one.
            if beside(path, name) in gone or (listed and beside(path, name) in folders):
                raise Refused(
                    f"{path} would still name {name}, which the plan takes away: kustomize would build nothing from it",
                    truth="nothing was written",
                    undone="no plan was made",
                    following=f"take {name} out of {path} where it is no resource, then plan again",
                )


def _texts(data: bytes) -> Iterator[tuple[str, bool]]:
    """Every text in it, and whether it stands in a list of what is taken in."""
    try:
        documents = load_once(data)
    except YamlFault:
        return
    for document in documents:
        for key, value in mapping(document.value).items():
            for name in texts(value):
                yield name, key in LISTS
