"""Real trees: every file is read or refused, and an annotation goes in and comes out without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.documents.apply import apply_edits, invert
from migrate.documents.edits import AddKey, CannotEdit
from migrate.documents.reader import YamlFault, load_all

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
    try:
        inverse = invert(data, document, [edit])
    except CannotEdit:
        # `annotations:` with nothing after it: the inverse of that are the bytes, not an edit.
        return
    assert apply_edits(result, document, inverse) == data
