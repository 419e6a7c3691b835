"""What kustomize would refuse after the plan: from one broken kustomization Flux applies nothing any more."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from migrate.documents.reader import YamlFault, load_all
from migrate.estate.extract import KUSTOMIZATION_NAMES
from migrate.model.errors import Refused
from migrate.model.json import Json, mapping
from migrate.planning.compose import Composition
from migrate.planning.copies import LISTS
from migrate.planning.files import Files, beside


def insist_on_builds(composition: Composition, files: Files) -> None:
    """Return if no kustomization still names a file that the plan takes away. Raises Refused naming the first one."""
    after = {edit.file: edit.after for step in composition.steps for edit in step.change.files}
    gone = {file for file, blob in after.items() if blob is None}
    folders = {posixpath.dirname(file) for file in gone if posixpath.basename(file) in KUSTOMIZATION_NAMES}
    if not gone:
        return
    for path in files.paths:
        if posixpath.basename(path) not in KUSTOMIZATION_NAMES or path in gone:
            continue
        blob = after.get(path)
        for text, listed in _texts(files.read(path) if blob is None else composition.texts[blob]):
            # A name may read like a folder; only in a list it is one.
            if beside(path, text) in gone or (listed and beside(path, text) in folders):
                raise Refused(
                    f"{path} would still name {text}, which the plan takes away: kustomize would build nothing from it",
                    truth="nothing was written",
                    undone="no plan was made",
                    following=f"take {text} out of {path} where it is no resource, then plan again",
                )


def _texts(data: bytes) -> Iterator[tuple[str, bool]]:
    """Every text in it, and whether it stands in a list of what is taken in."""
    try:
        documents = load_all(data)
    except YamlFault:
        return
    for document in documents:
        for key, value in mapping(document.value).items():
            for text in _strings(value):
                yield text, key in LISTS


def _strings(value: Json) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _strings(item)
        case dict():
            for item in value.values():
                yield from _strings(item)
