"""Every answer the real injector gave is given here too, word for word and in the same order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.injector.answer import answer, document
from migrate.injector.settings import from_environment
from migrate.injector.workload import read

_RECORDED = Path(__file__).parents[2] / "../shared/injector-vectors"
_FILES = sorted(_RECORDED.glob("*.json"))


def test_there_are_recorded_answers() -> None:
    if not _FILES:
        pytest.skip("the recorded answers lie beside the project and are not here")
    assert len(_FILES) >= 159


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_recorded_answer_is_predicted(file: Path) -> None:
    recorded = json.loads(file.read_text(encoding="utf-8"))
    expected: dict[str, Any] = {"pod": None, "agentConfig": None, **recorded["answer"]}
    settings = from_environment(recorded["injector"]["env"])
    found = document(answer(read(recorded["pod"]), recorded["namespace"], settings, with_lint=False))
    assert {key: found[key] for key in expected} == expected
