"""What operators read without being told by name: Secrets with a label, and Secrets called after a resource.

Knows the profiles of operators; never what a Secret is for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import filter as fitting
from functools import cache

from migrate.catalog import shelf
from migrate.documents.reader import load_all
from migrate.estate.facts import Facts, Use
from migrate.estate.flux import Scope
from migrate.estate.inventory import Reader
from migrate.model.json import Json, Pointer, items, mapping, pointer_text, reach, strings, text

CONTROLLER = "Controller"
"""The kind of a reader that is no object of the tree: a controller that finds the Secret by itself."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """A label or an annotation that has somebody read every Secret with it. `value`: empty for any.

    `hint`: it only says that the reader watches the Secret, so it counts where no other reader is known.
    """

    place: str
    key: str
    value: str
    reader: str
    hint: bool

    def on(self, pairs: dict[str, Json]) -> bool:
        return self.key in pairs and self.value in {"", text(pairs[self.key])}


@dataclass(frozen=True, slots=True)
class Resource:
    """What is known of a custom resource."""

    secrets: tuple[str, ...] = ()
    """Names of what is read beside it; `{name}` is its own, `*` any text."""
    images: dict[str, str] = field(default_factory=dict)
    """Images that the operator starts where the pod template names none, by container."""
    variables: frozenset[str] = frozenset()
    """Variables of its pods whose Secret the operator reads for itself, too."""


@dataclass(frozen=True, slots=True)
class Operators:
    """All that is known of operators: marks on Secrets, and resources by group and kind."""

    marks: tuple[_Mark, ...]
    resources: dict[tuple[str, str], Resource]


@cache
def known() -> Operators:
    """What travels with the tool."""
    documents = [one.value for one in load_all((shelf("profiles") / "operators.yaml").read_bytes())]
    labels = [entry for value in documents for entry in items(reach(value, "labels"))]
    resources = [entry for value in documents for entry in items(reach(value, "resources"))]
    return Operators(
        tuple(_mark(entry) for entry in labels),
        {(text(one.get("group")), text(one.get("kind"))): _resource(one) for one in resources},
    )


def _resource(entry: dict[str, Json]) -> Resource:
    images = {container: text(image) for container, image in mapping(entry.get("images")).items()}
    return Resource(tuple(strings(entry.get("secrets"))), images, frozenset(strings(entry.get("variables"))))


def resource_of(reader: Reader) -> Resource:
    """What is known of the resource that a reader is; nothing for most."""
    return known().resources.get((reader.api.rpartition("/")[0], reader.kind), _UNKNOWN)


_UNKNOWN = Resource()


def _mark(entry: dict[str, Json]) -> _Mark:
    place = "labels" if "label" in entry else "annotations"
    key = text(entry.get("label")) or text(entry.get("annotation"))
    return _Mark(place, key, text(entry.get("value")), text(entry.get("reader")), entry.get("hint") is True)


def by_mark(fact: Facts) -> Iterator[Reader]:
    """Who reads the Secret that an ExternalSecret makes, because of the labels and annotations it gets.

    Without a template the Secret gets those of the ExternalSecret itself.
    """
    own = {"labels": dict[str, Json](fact.labels), "annotations": dict[str, Json](fact.annotations)}
    made = reach(fact.spec, "template") is True
    for mark in known().marks:
        pairs = mapping(reach(fact.spec, mark.place)) if made else own[mark.place]
        if mark.on(pairs):
            above: Pointer = ("spec", "target", "template") if made else ()
            pointer = pointer_text((*above, "metadata", mark.place, mark.key))
            yield Reader(
                CONTROLLER, "", mark.reader, None, fact.file, fact.document, pointer, "custom-resource", wired=True,
                guess=mark.hint,
            )  # fmt: skip


def read_beside(scope: Scope, names: frozenset[str]) -> None:
    """Add, of the Secrets called `names`, those that operators read beside their resources without naming them."""
    scope.applied[:] = [
        replace(item, facts=item.facts._replace(uses=(*item.facts.uses, *uses)))
        if (uses := _beside(item.facts, names))
        else item
        for item in scope.applied
    ]


def _beside(fact: Facts, names: frozenset[str]) -> list[Use]:
    patterns = known().resources.get((fact.group, fact.kind), _UNKNOWN).secrets
    named = {use.secret for use in fact.uses}
    wanted = (pattern.replace("{name}", fact.name) for pattern in patterns)
    found = {name for pattern in wanted for name in _fitting(pattern, names)}
    return [Use(name, "", "custom-resource", "/metadata/name") for name in sorted(found - named)]


def _fitting(pattern: str, names: frozenset[str]) -> list[str]:
    if "*" not in pattern:
        return [pattern] if pattern in names else []
    return fitting(names, pattern)
