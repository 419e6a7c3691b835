"""What the cutover changes of the pod, as far as the values say it: what gates ask the real cluster about.

Only names and what this tool itself writes: whatever else stands in annotations or variables stays out.
"""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.json import Json, at_pointer, canonical, mapping, sequence
from migrate.model.plan import PatchPair
from migrate.operations.agent import PREFIX, TOKEN_VOLUME
from migrate.operations.inject_release import password_mount
from migrate.operations.login import Connecting
from migrate.planning.compose import Composition
from migrate.planning.touched import touched

_SETTINGS = ("env", "envValueFrom")


def values_after(subject: Connecting, composition: Composition) -> dict[str, Json]:
    """The workload's values as the cutover leaves them."""
    place, at = subject.release.place, subject.release.at
    edits = [edit for step in composition.steps for edit in step.change.files if edit.file == place.file and edit.after]
    node = composition.versions.value(str(edits[-1].after), place.document) if edits else None
    return mapping(at_pointer(node, at))


def pod_changes(subject: Connecting, composition: Composition) -> str:
    """What to lay over the pod that runs today to get the one after the cutover, as canonical JSON."""
    release, after = subject.release, values_after(subject, composition)
    before = _variables(release.values)
    annotations = _annotations(after)
    gone = password_mount(release.values)
    changes: dict[str, Json] = {
        "container": release.container,
        "account": release.account.wanted,
        "annotations": annotations,
        "unannotate": list[Json](sorted(_annotations(release.values).keys() - annotations.keys())),
        "set": list[Json](sorted(_variables(after) - before)),
        "unset": list[Json](sorted(before - _variables(after))),
        "volumes": [one for one in sequence(after.get("extraContainerVolumes")) if _is_ours(one)],
        "unmount": [str(gone.get("name"))] if gone and password_mount(after) is None else [],
        "shareProcessNamespace": after.get("shareProcessNamespace"),
    }
    return canonical(changes).decode()


def release_edits(subject: Connecting, composition: Composition) -> str:
    """What the plan edits in the release's document: all its edits, and what the cutover does to it."""
    place = subject.release.place
    places = {
        str(mapping(edit).get("pointer"))
        for step in composition.steps
        for file in step.change.files
        for edit in file.edits
        if file.file == place.file and mapping(edit).get("document") == place.document and mapping(edit).get("pointer")
    }
    return touched([one for pair in _cutover(subject, composition) for one in pair.forward], places)


def _cutover(subject: Connecting, composition: Composition) -> Iterator[PatchPair]:
    ids = {step.id for step in composition.steps if step.stage == "cutover"}
    for pair in composition.patches:
        ours = pair.target.kind == subject.release.target.kind and pair.target.short == subject.release.name
        if pair.step in ids and ours:
            yield pair


def _annotations(values: dict[str, Json]) -> dict[str, Json]:
    return {name: one for name, one in mapping(values.get("podAnnotations")).items() if name.startswith(PREFIX)}


def _variables(values: dict[str, Json]) -> set[str]:
    return {name for group in _SETTINGS for name in mapping(values.get(group))}


def _is_ours(volume: Json) -> bool:
    return mapping(volume).get("name") == TOKEN_VOLUME
