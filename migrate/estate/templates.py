"""Templates of charts that lie in the tree: they are not rendered, but what they name a Secret by can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.estate import helm
from migrate.estate.facts import Facts, Use
from migrate.estate.tree import Tree
from migrate.estate.values import chart_folders
from migrate.model.json import reach, text

# `secretName: x`, `secretRef: {name: x}`, and `secretKeyRef:` with `name: x` below it, a `key` perhaps between.
_NAMED = re.compile(
    r"(?i:secret)(?:Key)?(?:Ref|Name)?\s*:[ \t]*(?:\{\s*name:\s*|\n\s*(?:key:[^\n]*\n\s*)?name:\s*)?[\"']?"
    r"((?:\{\{.*?\}\}|[-.\w])+)"
)


def in_templates(fact: Facts, tree: Tree) -> Iterator[Use]:
    """The Secrets that the templates of a release's chart name, where that chart lies in this tree."""
    release = text(reach(fact.spec, "release")) or fact.name
    for folder in chart_folders(fact, tree):
        for path in _below(f"{folder}/templates", tree):
            written = tree.data(path).decode("utf-8", "replace")
            names = {helm.resolve(found, release, fact.namespace) for found in _NAMED.findall(written)}
            yield from (Use(name, "", helm.HOW, "", file=path) for name in sorted(names))


def _below(folder: str, tree: Tree) -> Iterator[str]:
    for path in tree.children.get(folder, ()):
        if tree.is_folder(path):
            yield from _below(path, tree)
        else:
            yield path
