"""Edits in the form a plan file has are the edits the plan was made with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrate.documents.apply import apply_edits
from migrate.documents.edits import (
    AddKey,
    AppendItem,
    CannotEdit,
    Edit,
    InsertItem,
    RemoveDocument,
    RemoveItem,
    RemoveKey,
    SetScalar,
)
from migrate.model.json import Json
from migrate.planning.commits import edit_json, replayed
from migrate.planning.files import blob_id
from tests.planning.estates import estate, planned

TEXT = b"""\
# first
a/b: {"0": x, "m~n": y}
list:
  - name: one   # kept
  - name: two
---
second: 1
"""


@pytest.mark.parametrize(
    "edit",
    [
        SetScalar(("a/b", "0"), "z"),
        SetScalar(("a/b", "m~n"), None),
        SetScalar(("list", 1, "name"), "three"),
        AddKey((), "added", {"deep": [1, "2", True]}),
        AddKey(("new", "parents"), "7", 1),
        RemoveKey(("a/b", "0")),
        AppendItem(("list",), {"name": "three"}),
        AppendItem(("other", "list"), 4),
        InsertItem(("list",), {"name": "two"}, {"name": "one and a half"}),
        RemoveItem(("list",), {"name": "two"}),
        RemoveDocument(),
    ],
    ids=str,
)
def test_an_edit_in_its_file_form_makes_the_same_bytes(edit: Edit) -> None:
    form: Json = json.loads(json.dumps(edit_json(0, edit)))
    assert replayed(TEXT, [form]) == apply_edits(TEXT, 0, [edit])


def test_a_whole_plan_replays_to_the_blobs_it_names(tmp_path: Path) -> None:
    folder = estate(tmp_path / "estate")
    known = {blob_id(file.read_bytes()): file.read_bytes() for file in folder.iterdir()}
    edits = [edit for step in planned(folder).steps for edit in step.change.files]
    assert len(edits) >= 4
    for edit in edits:
        assert edit.before is not None
        after = replayed(known[edit.before], edit.edits)
        assert (None if after is None else blob_id(after)) == edit.after
        if after is not None:
            known[blob_id(after)] = after


@pytest.mark.parametrize(
    "form",
    [
        {"op": "conjure", "document": 0, "pointer": "/list"},
        {"op": "set", "document": 0, "pointer": "/list/0/name", "value": {"no": "scalar"}},
        {"op": "set", "document": 7, "pointer": "/list", "value": 1},
        {"op": "set", "document": 0, "pointer": "/list/9/name", "value": 1},
        {"op": "add", "document": 0, "pointer": "", "value": 1},
        {"op": "set"},
        "set",
        None,
    ],
    ids=str,
)
def test_an_edit_that_does_not_fit_is_refused(form: Json) -> None:
    with pytest.raises(CannotEdit):
        replayed(TEXT, [form])
