"""A real browser, where there is one: what it complains about, and how wide a page becomes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_HOW = "no Chromium here: make browser"
_IN_CI = os.environ.get("CI", "").lower() == "true"
needs_browser = pytest.mark.skipif(_CHROMIUM is None and not _IN_CI, reason=_HOW)
"""Skipped with a reason where somebody sits; in CI, which installs one, a failure."""

# Chromium has no window narrower than 500 pixels: the page stands in a frame of the width that is wanted.
_FRAME = """<!doctype html><iframe id="f" style="width:{width}px;height:900px;border:0" srcdoc="{page}"></iframe>
<script>onload=function(){{var d=document.getElementById('f').contentDocument.documentElement;
document.title='w='+d.scrollWidth+' of '+d.clientWidth;document.body.append(document.title)}}</script>"""


def shown(page: str, width: int, folder: Path) -> int:
    """How wide the page becomes in a frame of that width. Fails where the browser's console says anything."""
    assert _CHROMIUM is not None, _HOW
    frame = folder / "frame.html"
    frame.write_text(_FRAME.format(width=width, page=page.replace("&", "&amp;").replace('"', "&quot;")))
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0", "--dump-dom")
    place = (f"--user-data-dir={folder / 'browser'}", f"--window-size={width + 40},900", frame.as_uri())
    found = subprocess.run((_CHROMIUM, *options, *place), capture_output=True, text=True, check=False, timeout=240)
    assert [line for line in found.stderr.splitlines() if "CONSOLE" in line] == []
    measured = re.search(r"w=(\d+) of (\d+)", found.stdout)
    assert measured is not None, found.stderr
    assert int(measured[2]) <= width
    return int(measured[1])
