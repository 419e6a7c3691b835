"""What the documentation promises is what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from migrate.model.config import Adapter, Config, Override, Source, TokenSource
from migrate.model.errors import Exit
from migrate.planning.configuration import read_config

ROOT = Path(__file__).parents[1]


def test_every_exit_code_is_documented() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", (ROOT / "docs" / "exit-codes.md").read_text(), re.MULTILINE)
    assert {int(code): name.upper() for code, name in rows} == {code.value: code.name for code in Exit}


def test_every_reason_and_finding_code_is_documented() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "migrate" / "estate").glob("*.py"))
    used = set(re.findall(r'"((?:ready|adapt|code|keep|orphan|needs|secret|settings|store|wiring)\.[a-z-]+)"', sources))
    documented = set(re.findall(r"`([a-z]+\.[a-z-]+)`", (ROOT / "docs" / "verdicts.md").read_text()))
    assert len(used) > 20
    assert used - documented == set()


def _keys(section: type[BaseModel], above: str = "") -> Iterator[str]:
    """Every key of a section, written out; a list's or map's entries have their own words."""
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel) and not issubclass(inner, Source):
            yield from _keys(inner, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    documented = {
        key for row in re.findall(r"^\| (.*?) \|", text, re.MULTILINE) for key in re.findall(r"`([\w.]+)`", row)
    }
    assert set(_keys(Config)) == documented
    for entry in (Override, Adapter, TokenSource):
        assert all(f"{name}" in text for name in entry.model_fields)


def test_the_documented_adapters_are_valid() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "configuration.md").read_text(), re.DOTALL)
    assert set(read_config(block.encode()).adapters) == {"team/shop", "ghcr.io/team/mailer"}
