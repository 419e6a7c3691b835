"""An object as it reaches the cluster: the changes of its build applied, its variables replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from migrate.documents.reader import Document
from migrate.estate.extract import describe
from migrate.estate.facts import Facts, Injection, Use
from migrate.estate.placed import Patch, Placed
from migrate.estate.strategic import Replacement, apply_operations, is_native, merge, replace_in
from migrate.estate.substitute import Variables
from migrate.estate.tree import Tree
from migrate.model.json import Json, items, reach


def settled(item: Placed, tree: Tree, variables: Variables) -> Facts:
    """The facts of the object as it reaches the cluster: patched, renamed, variables replaced."""
    fact = item.facts
    if item.patches:
        fact = _patched_facts(item, tree)
    fact = fact._replace(
        namespace=_kept(item.facts.namespace, item.namespace, fact.namespace),
        name=_kept(item.facts.name, item.name, fact.name),
    )
    if not variables.active or opted_out(fact):
        return fact
    return _substituted(fact, variables.apply)


def _kept(written: str, placed: str, patched: str) -> str:
    """What a transformer set, else what a patch made of it."""
    return patched if placed == written else placed


def _patched_facts(item: Placed, tree: Tree) -> Facts:
    fact, result = item.facts, as_patched(item, tree)
    if not isinstance(result, dict):
        return fact
    return describe(fact.file, Document(fact.document, fact.line, result), result) or fact


def as_patched(item: Placed, tree: Tree) -> Json:
    """The object with its build's patches applied; None where it is made by the build, or cannot be read again."""
    fact = item.facts
    result = _in_list(tree.document(fact.file, fact.document), fact)
    if not isinstance(result, dict) or reach(fact.spec, "generated") is True:
        return None
    return changed_by(result, item.patches, fact.api)


def changed_by(value: Json, patches: Sequence[Patch], api: str) -> Json:
    """The object of that API version after these patches, in their order."""
    for patch in patches:
        if isinstance(patch.body, Replacement):
            value = replace_in(value, patch.body)
        elif isinstance(patch.body, list):
            value = apply_operations(value, patch.body)
        else:
            value = merge(value, _nameless(patch.body), native=is_native(api))
    return value


def substituted(value: Json, variables: Variables) -> Json:
    """The value with the variables in every string of it replaced. Keys stay, so that places in it keep their names."""
    return _value(value, variables.apply) if variables.active else value


def arriving(value: Json, variables: Variables) -> Json:
    """The value as Flux applies it: variables are replaced in keys too."""
    return _value(value, variables.apply, keys=True) if variables.active else value


def _nameless(patch: Json) -> Json:
    """A strategic patch says in its metadata whom it is for; it renames nobody."""
    if not isinstance(patch, dict) or not isinstance(metadata := patch.get("metadata"), dict):
        return patch
    return {**patch, "metadata": {key: item for key, item in metadata.items() if key not in {"name", "namespace"}}}


def _in_list(value: Json, fact: Facts) -> Json:
    """The object itself where its document is a `List` of several."""
    if reach(value, "kind") == fact.kind:
        return value
    named = (item for item in items(reach(value, "items")) if item.get("kind") == fact.kind)
    return next((item for item in named if reach(item, "metadata", "name") == fact.name), value)


def opted_out(fact: Facts) -> bool:
    """Whether an object says that Flux shall replace nothing in it."""
    switch = ("kustomize.toolkit.fluxcd.io/substitute", "disabled")
    return switch in fact.labels or switch in fact.annotations


def _substituted(fact: Facts, replace: Callable[[str], str]) -> Facts:
    """The facts with every string through `replace`; most have no variable at all and stay the same value."""
    return fact._replace(
        namespace=replace(fact.namespace),
        name=replace(fact.name),
        uses=tuple(_use(use, replace) for use in fact.uses),
        containers=tuple(item._replace(name=replace(item.name), image=replace(item.image)) for item in fact.containers),
        service_account=replace(fact.service_account),
        spec=_value(fact.spec, replace),
        injections=tuple(_injection(one, replace) for one in fact.injections),
    )


def _injection(one: Injection, replace: Callable[[str], str]) -> Injection:
    fetched = tuple(item._replace(path=replace(item.path), keys=tuple(map(replace, item.keys))) for item in one.fetched)
    return one._replace(role=replace(one.role), files=tuple(map(replace, one.files)), fetched=fetched)


def _use(use: Use, replace: Callable[[str], str]) -> Use:
    return use._replace(
        secret=replace(use.secret), namespace=replace(use.namespace), container=replace(use.container),
        keys=tuple(map(replace, use.keys)), variable=replace(use.variable),
    )  # fmt: skip


def _value(value: Json, replace: Callable[[str], str], *, keys: bool = False) -> Json:
    match value:
        case str():
            return replace(value)
        case dict():
            return {replace(key) if keys else key: _value(item, replace, keys=keys) for key, item in value.items()}
        case list():
            return [_value(item, replace, keys=keys) for item in value]
        case _:
            return value
