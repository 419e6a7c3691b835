"""`migrate lab doctor --install` on a machine that lacks the packages: this one, seen through a layer that has none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from migrate.lab import build, machine
from tests.labworld import missing, without

pytestmark = [pytest.mark.lab(level="full"), pytest.mark.timeout(600)]

_REMOVED = ("busybox-static", "containernetworking-plugins", "runc", "iptables")
_CHECKOUT = Path(__file__).parents[2]
# What is removed and installed lies in a layer in memory, which goes with the namespace.
_BARE = """
set -e
mount --make-rprivate /
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
for place in proc sys dev; do mount --rbind /$place "$1/root/$place"; done
root=$1/root; shift
exec chroot "$root" "$@"
"""
_AT_WORK = """
dpkg --remove --force-depends $1 >/dev/null 2>&1 || exit 99
cd "$2"; shift 2
"$@" lab doctor; echo "before: $?"
apt-get update >/dev/null 2>&1 || exit 98
"$@" lab doctor --install; echo "after: $?"
"""


def test_what_is_missing_is_named_and_installed_and_then_nothing_is_missing(tmp_path: Path) -> None:
    here = machine.look()
    if not here.namespaces or shutil.which("dpkg") is None:
        missing("the kernel allows no layer over this machine's files, or it is not Debian's")
    if build.missing():
        missing("the lab's programs are not built")
    program = [sys.executable, "-c", "from migrate.cli.main import main; main()"]
    inside = ["sh", "-c", _AT_WORK, "sh", " ".join(_REMOVED), str(_CHECKOUT), *program]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", _BARE, "sh", str(tmp_path), *inside],
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    if done.returncode in {98, 99}:
        without("packages cannot be removed or fetched here")
    before, _, after = done.stdout.partition("before: 1\n")
    assert after, done.stdout + done.stderr
    for package in _REMOVED:
        assert package in before
    assert "Debian packages for pods that run: all here" in after
    assert after.rstrip().endswith("after: 0")
