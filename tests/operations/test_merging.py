"""The fewest edits that make a document hold what is wanted."""

from __future__ import annotations

import pytest

from migrate.documents.edits import AddKey, AppendItem, CannotEdit, Edit, SetScalar, change_all
from migrate.model.json import Json
from migrate.operations.merging import merge


@pytest.mark.parametrize(
    ("document", "wanted", "edits"),
    [
        ({}, {"a": {"b": 1}}, [AddKey((), "a", {"b": 1})]),
        ({"a": {"b": 1}}, {"a": {"b": 1}}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [SetScalar(("a", "b"), 2)]),
        ({"a": None}, {"a": {"b": 1}}, [AddKey(("a",), "b", 1)]),
        ({"a": {}}, {"a": {"b": 1, "c": 2}}, [AddKey(("a",), "b", 1), AddKey(("a",), "c", 2)]),
        ({"a": [1]}, {"a": [1, 2]}, [AppendItem(("a",), 2)]),
        ({"a": 1}, {"a": True}, [SetScalar(("a",), True)]),
    ],
)
def test_the_edits_are_the_fewest(document: dict[str, Json], wanted: dict[str, Json], edits: list[Edit]) -> None:
    found = list(merge(document, (), wanted))
    assert found == edits
    assert list(merge(change_all(document, found), (), wanted)) == []


def test_under_a_place_that_is_missing_everything_is_added() -> None:
    found = list(merge({"spec": {}}, ("spec", "target"), {"policy": "Orphan"}))
    assert change_all({"spec": {}}, found) == {"spec": {"target": {"policy": "Orphan"}}}


@pytest.mark.parametrize("document", [{"a": "text"}, {"a": [1]}])
def test_another_kind_of_value_is_left_to_a_human(document: dict[str, Json]) -> None:
    with pytest.raises(CannotEdit, match="where a map is wanted"):
        list(merge(document, (), {"a": {"b": 1}}))
