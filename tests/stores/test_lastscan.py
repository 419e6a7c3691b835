"""A scan's result is used again only while nothing that it depends on has changed."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from migrate.catalog import shelf
from migrate.estate import inventoryline
from migrate.estate.extract import extract
from migrate.estate.inventory import Inventory
from migrate.estate.scan import assemble
from migrate.stores.gather import gather
from migrate.stores.lastscan import LastScan
from migrate.stores.tree import Tree, listing

KUSTOMIZATION = (
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [app.yaml]\n"
    "configMapGenerator: [{name: settings, files: [run.sh, gone.sh]}]\n"
)


def write(path: Path, text: str, age: float = 60) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    then = time.time() - age
    os.utime(path, (then, then))


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    root = tmp_path / "estate"
    write(root / "app.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n")
    write(root / "kustomization.yaml", KUSTOMIZATION)
    write(root / "run.sh", "echo keys\n")
    return root


def kept(root: Path, rules: str = "rules") -> Inventory | None:
    """Recall; where there is nothing to recall, scan and keep."""
    tree = Tree(str(root))
    found = listing(tree.root)
    last = LastScan(root.parent / "cache" / "one.facts", found, rules)
    known = last.recall(tree)
    if known is None:
        gathered = gather(tree.root, found, extract, lambda _done, _all: None, cached=False)
        for name in ("run.sh", "gone.sh"):
            with suppress(FileNotFoundError):
                tree.read(name)
        last.keep(assemble(gathered.files, tree.read, gathered.seen, gathered.skipped), tree)
    return known


def test_an_inventory_written_as_a_line_is_the_same_when_read() -> None:
    for name in ("tazlab", "more/two-grafanas", "more/argocd", "more/kustomize"):
        tree = Tree(str(shelf("examples") / name))
        gathered = gather(tree.root, listing(tree.root), extract, lambda _done, _all: None, cached=False)
        inventory = assemble(gathered.files, tree.read, gathered.seen, gathered.skipped)
        line = inventoryline.encode(inventory)
        assert line.isascii()
        assert inventoryline.decode(line) == inventory


@pytest.mark.parametrize(
    "line", ["", "[]", "null", "[" * 9999, "[1,2,3,4,5,6,7]", "[[],[],[],[[1]],[],[],[]]", '{"a": 1}']
)
def test_anything_else_is_no_inventory(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  a promise about the class of the error, not its words
        inventoryline.decode(line)


def test_an_unchanged_tree_is_recalled(estate: Path) -> None:
    assert kept(estate) is None
    first = kept(estate)
    assert first is not None
    assert first.files.seen == 2
    assert kept(estate) == first


@pytest.mark.parametrize(
    "change",
    [
        lambda root: write(root / "app.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b}\n", 30),
        lambda root: write(root / "new.yaml", "a: 1", 30),
        lambda root: (root / "app.yaml").unlink(),
        lambda root: write(root / "run.sh", "echo other\n", 30),
        lambda root: (root / "run.sh").unlink(),
        lambda root: write(root / "gone.sh", "echo here now\n"),
        lambda root: (root / "link.yaml").symlink_to("app.yaml"),
    ],
)
def test_a_change_is_never_missed(estate: Path, change: object) -> None:
    assert callable(change)
    kept(estate)
    assert kept(estate) is not None
    change(estate)
    assert kept(estate) is None
    assert kept(estate) is not None


def test_other_rules_or_settings_are_another_scan(estate: Path) -> None:
    kept(estate)
    assert kept(estate, "new rules") is None


def test_a_tree_that_may_still_change_is_not_kept(estate: Path) -> None:
    write(estate / "young.yaml", "a: 1", age=0)
    kept(estate)
    assert kept(estate) is None


@pytest.mark.parametrize("cut", [0, 10, 80, 200])
def test_a_damaged_result_is_as_good_as_none(estate: Path, cut: int) -> None:
    kept(estate)
    file = estate.parent / "cache" / "one.scan"
    file.write_bytes(file.read_bytes()[:cut] + b"\xff[")
    assert kept(estate) is None


def test_a_changed_result_is_not_believed(estate: Path) -> None:
    kept(estate)
    file = estate.parent / "cache" / "one.scan"
    file.write_text(file.read_text().replace("Deployment", "StatefulSe"))
    assert kept(estate) is None
