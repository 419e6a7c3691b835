"""What a commit does to the clusters: the objects that are applied anew or otherwise, and those that are pruned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from migrate.documents.edits import same
from migrate.estate.flux import Applied
from migrate.model.json import Json, reach
from migrate.model.target import Target
from migrate.planning.built import Built


@dataclass(frozen=True, slots=True)
class Effect:
    """Each object by its name, `Kind/namespace/name`."""

    applies: frozenset[str]
    prunes: frozenset[str]

    @property
    def empty(self) -> bool:
        """Whether nothing changes."""
        return not self.applies and not self.prunes

    def back_to(self, found: Effect) -> Effect:
        """As much of `found` as the way back from here may do: what came may go, what changed or went is as before."""
        return Effect(found.applies & (self.applies | self.prunes), found.prunes & self.applies)


def named(kind: str, namespace: str, name: str) -> str:
    """An object as effects name it; what says no namespace is taken for one of `default`."""
    return f"{kind}/{namespace or 'default'}/{name}"


def called(target: Target) -> str:
    """An object in Git as effects name it."""
    return named(target.kind, target.namespace, target.short)


def effect(before: Built, after: Built, changed: Set[str]) -> Effect:
    """What leads from the one to the other, by our own reading. `changed`: the files that differ."""
    olds, news = _objects(before), _objects(after)
    applies = {name for name, items in news.items() if _differ(olds.get(name, ()), items, before, after, changed)}
    return Effect(frozenset(applies), frozenset(olds.keys() - news.keys()))


def _objects(tree: Built) -> Mapping[str, tuple[Applied, ...]]:
    found = dict[str, tuple[Applied, ...]]()
    for scope in tree.scopes:
        for item in scope.applied:
            name = named(item.facts.kind, item.facts.namespace, item.facts.name)
            found[name] = (*found.get(name, ()), item)
    return found


def _differ(
    olds: tuple[Applied, ...], news: tuple[Applied, ...], before: Built, after: Built, changed: Set[str]
) -> bool:
    if len(olds) != len(news):
        return True
    pairs = zip(olds, news, strict=True)
    return any(_may(*pair, changed) and not _same(*pair, before, after) for pair in pairs)


def _may(old: Applied, new: Applied, changed: Set[str]) -> bool:
    """Whether the two can differ at all: most objects of an estate have nothing to do with a commit."""
    if new.facts.file in changed or old.facts.file in changed or old.facts != new.facts:
        return True
    return _patches(old) != _patches(new)


def _patches(item: Applied) -> Json | tuple[object, ...]:
    return item.placed.patches if item.placed is not None else ()


def _same(old: Applied, new: Applied, before: Built, after: Built) -> bool:
    if reach(new.facts.spec, "generated") is True:
        return same(old.facts.spec, new.facts.spec)
    return same(before.document(old), after.document(new))


def unlike(found: Effect, wanted: Effect) -> Iterator[str]:
    """Where the two differ, in words."""
    for verb, ours, theirs in (
        ("change", found.applies, wanted.applies),
        ("prune", found.prunes, wanted.prunes),
    ):
        if more := sorted(ours - theirs):
            yield f"it would {verb} {', '.join(more)} too"
        if less := sorted(theirs - ours):
            yield f"it would not {verb} {', '.join(less)}"
