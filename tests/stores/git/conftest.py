"""Git's settings are pinned for every test of this folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.stores.git.repositories import settings


@pytest.fixture(autouse=True)
def _pinned(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings(home)))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    return home
