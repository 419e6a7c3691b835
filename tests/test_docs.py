"""What the documentation promises is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from migrate.model.errors import Exit

ROOT = Path(__file__).parents[1]


def test_every_exit_code_is_documented() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", (ROOT / "docs" / "exit-codes.md").read_text(), re.MULTILINE)
    assert {int(code): name.upper() for code, name in rows} == {code.value: code.name for code in Exit}


def test_every_reason_and_finding_code_is_documented() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "migrate" / "estate").glob("*.py"))
    used = set(re.findall(r'"((?:ready|adapt|code|keep|orphan|needs|secret|store|wiring)\.[a-z-]+)"', sources))
    documented = set(re.findall(r"`([a-z]+\.[a-z-]+)`", (ROOT / "docs" / "verdicts.md").read_text()))
    assert len(used) > 20
    assert used - documented == set()
