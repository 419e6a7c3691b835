"""Real trees: every file is read or refused, and an annotation goes in and comes out without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.documents.apply import apply_edits
from migrate.documents.edits import AddKey, CannotEdit, RemoveKey
from migrate.documents.reader import YamlFault, load_all
from migrate.model.json import mapping

ROOT = Path(__file__).parents[2]
TREES = [ROOT / "examples", ROOT.parent / "shared" / "estates"]


def _files(tree: Path) -> list[Path]:
    return sorted(path for path in tree.rglob("*.y*ml") if path.is_file()) if tree.is_dir() else []


@pytest.mark.estate
@pytest.mark.parametrize("tree", TREES, ids=["examples", "estates"])
def test_an_annotation_comes_and_goes_without_a_trace(tree: Path) -> None:
    files = _files(tree)
    if not files:
        pytest.skip(f"no manifests in {tree.name}: the folder is not here")
    edited = refused = 0
    for path in files:
        data = path.read_bytes()
        for document in _objects(data):
            edit = AddKey(("metadata", "annotations"), "vault.hashicorp.com/agent-inject", "true")
            try:
                result = apply_edits(data, document, [edit])
            except CannotEdit:
                refused += 1
                continue
            edited += 1
            assert len(result.splitlines()) - len(data.splitlines()) in {0, 1, 2}, path
            _comes_back(data, document, edit, result)

    assert edited > 20 * refused


def _objects(data: bytes) -> list[int]:
    try:
        found = load_all(data)
    except YamlFault:
        return []
    return [d.index for d in found if isinstance(d.value, dict) and isinstance(d.value.get("metadata"), dict)]


def _comes_back(data: bytes, document: int, edit: AddKey, result: bytes) -> None:
    values = {found.index: found.value for found in load_all(data)}
    there = mapping(mapping(values[document]).get("metadata"))
    if "annotations" in there and there["annotations"] is None:
        return  # `annotations:` with nothing after it: what leads back from there are the bytes, not an edit
    added = (*edit.parent, edit.key) if "annotations" in there else edit.parent
    assert apply_edits(result, document, [RemoveKey(added)]) == data
