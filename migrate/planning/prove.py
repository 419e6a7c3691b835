"""Proof at plan time: what each step does, and then its inverse, leaves all as it was; else there is no plan.

What is proven is the renderings, since those are what runs: diffs are applied both ways to the real bytes, patches
go through jsonpatch, and states and statements are paired with their inverses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy

import jsonpatch

from migrate.documents.edits import same
from migrate.model.change import Change, Doc, Exact, FileEdit, Irreversible, inverted
from migrate.model.errors import Refused
from migrate.model.json import Json, sequence
from migrate.model.plan import PatchPair, Step
from migrate.planning.compose import Composition
from migrate.planning.files import Versions, blob_id
from migrate.planning.rendering import backward, forward, reversed_diff
from migrate.targets.lasting import Undoable, lasting


def prove(composition: Composition) -> None:
    """Return if every step has a true way back, or says what remains. Raises Refused naming the step that has not."""
    ids = {step.id: step for step in composition.steps}
    if len(ids) != len(composition.steps):
        raise _unproven("the plan", "two steps have the same id")
    seen = set[str]()
    for step in composition.steps:
        if not seen.issuperset(step.depends):
            raise _unproven(step.id, "it stands before a step it depends on")
        seen.add(step.id)
        _prove_step(step, composition.versions)
    for pair in composition.patches:
        _prove_patch(pair, ids[pair.step], composition)


def _prove_step(step: Step, versions: Versions) -> None:
    change = step.change
    if change.before == change.after:
        raise _unproven(step.id, "it changes nothing")
    if (back := inverted(change)).before != change.after or back.after != change.before:
        raise _unproven(step.id, "its inverse does not lead back")
    undo = backward(change)
    if not any(undo.get(key) for key in ("requests", "sql", "files", "stays", "patch")):
        raise _unproven(step.id, "its inverse is empty")
    undoable = isinstance(lasting(change), Undoable)
    if isinstance(change.undo, Exact) and not undoable:
        raise _unproven(step.id, "it is never taken back, and does not say what remains")
    if isinstance(change.undo, Irreversible) and not change.undo.remains:
        raise _unproven(step.id, "it does not say what remains")
    for edit in change.files:
        _prove_file(step.id, edit, versions.texts)
    if change.target.store == "vault" and undoable:
        _prove_request(step.id, change, undo)


def _prove_file(step: str, edit: FileEdit, texts: dict[str, bytes]) -> None:
    """The bytes are those named, and the diff, where nothing in it is masked, makes the one of the other."""
    before, after = (texts.get(blob, b"") if blob else b"" for blob in (edit.before, edit.after))
    for blob, data in ((edit.before, before), (edit.after, after)):
        if blob is not None and blob_id(data) != blob:
            raise _unproven(step, f"{edit.file} is not the file it was planned on")
    if edit.masked:
        return
    if apply_diff(before, edit.diff) != after or apply_diff(after, reversed_diff(edit.diff)) != before:
        raise _unproven(step, f"the diff of {edit.file} does not lead there and back")


def _prove_request(step: str, change: Change, undo: dict[str, Json]) -> None:
    """The inverse of a write is either the deletion of the same path or a write of the state before, entire."""
    (request,) = sequence(undo["requests"])
    (written,) = sequence(forward(change)["requests"])
    assert isinstance(request, dict)
    assert isinstance(written, dict)
    entire = isinstance(change.before, Doc) and same(request.get("body"), change.before.value)
    if request["path"] != written["path"] or not (entire or request["method"] == "DELETE"):
        raise _unproven(step, "its inverse request does not restore the state before")


def _prove_patch(pair: PatchPair, step: Step, composition: Composition) -> None:
    if not all(patch and patch[0]["op"] == "test" for patch in (pair.forward, pair.inverse)):
        raise _unproven(pair.step, f"the patch of {pair.target} does not begin with a test")
    for edit in step.change.files:
        if edit.before is None or edit.after is None:
            continue
        olds, news = (composition.versions.documents(blob) for blob in (edit.before, edit.after))
        if any(_leads(pair, old.value, new.value) for old, new in zip(olds, news, strict=False)):
            return
    raise _unproven(pair.step, f"the patch of {pair.target}, there and back, does not give the original")


def _leads(pair: PatchPair, old: Json, new: Json) -> bool:
    try:
        there = _applied(deepcopy(old), pair.forward)
        return same(there, new) and same(_applied(there, pair.inverse), old)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException):
        return False


def _applied(value: Json, patch: tuple[dict[str, Json], ...]) -> Json:
    """What the patch makes of a value, which it changes."""
    # Through text, as an exported file goes: what does not survive JSON must not be proven.
    result: Json = jsonpatch.apply_patch(value, json.loads(json.dumps(list(patch))), in_place=True)
    return result


def apply_diff(data: bytes, diff: str) -> bytes:
    """The bytes after a unified diff, hunk positions taken at their word. Raises Refused where a line does not fit."""
    lines, answer, at = _split(data), list[str](), 0
    for hunk in re.split(r"(?m)^(?=@@ )", diff)[1:]:
        head, *body = hunk.split("\n")
        start = re.match(r"@@ -(\d+)(?:,(\d+))? ", head)
        assert start is not None
        first = int(start.group(1)) - (0 if start.group(2) == "0" else 1)
        answer += lines[at:first]
        at = _hunk(lines, first, body, answer.append)
    return "".join([*answer, *lines[at:]]).encode("utf-8", "surrogatepass")


def _hunk(lines: list[str], at: int, body: list[str], put: Callable[[str], None]) -> int:
    for number, line in enumerate(body):
        bare = number + 1 < len(body) and body[number + 1].startswith("\\")
        text = line[1:] + ("" if bare else "\n")
        if line.startswith((" ", "-")):
            if at >= len(lines) or lines[at] != text:
                raise Refused("a diff does not fit the file it was made from")
            at += 1
        if line.startswith((" ", "+")):
            put(text)
    return at


def _split(data: bytes) -> list[str]:
    parts = data.decode("utf-8", "surrogatepass").split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _unproven(what: str, why: str) -> Refused:
    return Refused(
        f"{what}: the way back could not be proven: {why}",
        truth="nothing was written",
        undone="no plan was made",
        following="report this with the files of the step, values replaced",
    )
