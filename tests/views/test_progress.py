"""A long scan says how far it is, on a terminal only, and leaves nothing behind."""

from __future__ import annotations

import pytest

from migrate.views import progress
from migrate.views.progress import Progress


def told(patience: float, terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr(progress, "_PATIENCE", patience)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal, raising=False)
    with Progress("scanning") as line:
        line.tell(1_234, 100_000)
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_a_long_scan_is_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown = told(0, True, monkeypatch, capsys)
    assert "scanning: 1,234 of 100,000 files" in shown
    assert shown.endswith("\r\x1b[K")


def test_a_short_one_is_not(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(3600, True, monkeypatch, capsys) == ""


def test_nobody_watching_is_told_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(0, False, monkeypatch, capsys) == ""
