"""What a folder says of itself is true: every module is on its folder's map, and the map names nothing else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "migrate"
FOLDERS = sorted(init.parent for init in ROOT.rglob("__init__.py"))
TABLES = {"checks": "catalogue.py", "operations": "catalogue.py", "cli": "verbs.py"}
"""Folders of many files of one sort: the table that the program itself goes by says what each is."""


def _modules(folder: Path) -> set[str]:
    inner = {one.name for one in folder.iterdir() if (one / "__init__.py").is_file()}
    return inner | {one.stem for one in folder.glob("*.py")} - {"__init__"}


def _map(folder: Path) -> str:
    return ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""


def _named(said: str) -> set[str]:
    """Modules as a map names them: `a, b    what they are`, also in a second column, and "- `a`: what it is"."""
    listed = re.findall(r"^(?:    )?([a-z_]+(?:,? [a-z_]+)*)  +\S", said, re.MULTILINE)
    beside = re.findall(r"\S  +([a-z_]+)  +\S", said)
    bullets = re.findall(r"(?:^- |; )`([a-z_]+)`:", said, re.MULTILINE)
    return set(re.findall(r"[a-z_]+", " ".join((*listed, *beside, *bullets))))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT.parent)))
def test_every_module_is_on_the_map_of_its_folder(folder: Path) -> None:
    said = set(re.findall(r"[a-z_]+", _map(folder)))
    table = TABLES.get(str(folder.relative_to(ROOT)))
    text = (folder / table).read_text(encoding="utf-8").replace("-", "_").replace(".", "_") if table else ""

    assert _modules(folder) - said - set(re.findall(r"[a-z0-9_]+", text)) == set()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT.parent)))
def test_a_map_names_nothing_that_is_not_there(folder: Path) -> None:
    assert _named(_map(folder)) - _modules(folder) == set()
