"""The examples that travel with the tool say in their READMEs what a correct reading finds; here it is checked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.estate.trees import ROOT, load, scan

EXAMPLES = ROOT / "examples"
_ROW = re.compile(r"^\|\s*([-a-z0-9]+/[-a-z0-9]+)[^|]*\|[^|]*\|\s*(ready|adapt|code|keep|orphan)\s*\|", re.MULTILINE)


def _expected(readme: Path) -> dict[str, str]:
    return dict(_ROW.findall(readme.read_text()))


def test_the_built_in_estate_scans_as_its_readme_says() -> None:
    expected = _expected(EXAMPLES / "tazlab" / "README.md")
    found = {item.id: item.verdict for item in scan(load(EXAMPLES / "tazlab")).secrets}
    assert len(found) >= 10
    assert set(found.values()) == {"ready", "adapt", "code", "keep", "orphan"}
    assert found == expected


@pytest.mark.parametrize("name", sorted(path.name for path in (EXAMPLES / "more").iterdir() if path.is_dir()))
def test_every_small_estate_scans_without_loss(name: str) -> None:
    files = load(EXAMPLES / "more" / name)
    declared = sum(len(re.findall(rb"(?m)^kind: ExternalSecret", data)) for data in files.values())
    inventory = scan(files)
    assert len(inventory.secrets) >= declared
    assert any(item.wired for item in inventory.secrets) or not declared
    assert inventory.files.failed == ()


def test_the_legacy_store_is_proven_unused() -> None:
    stores = {store.provider: store.references for store in scan(load(EXAMPLES / "tazlab")).stores}
    assert stores["infisical"] == 0
