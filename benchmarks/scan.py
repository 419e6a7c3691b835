"""How long a scan takes beside merely reading the same files, how it grows, what it keeps in memory.

    python -m benchmarks.scan [FILES ...]

`read only` walks and reads as a scan does, `bare` is the shortest loop that reads the same bytes (floor.py).
`no cache` neither reads nor writes one, `first` fills it, `warm` finds it full.
Every figure is of a whole process, from start to exit, the best of several runs taken in turn so that a busy
moment strikes all of them. Memory is the peak of the largest process, and of all processes together. Nothing is
compared with a figure from another machine.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.estates import grow

SIZES = (1_000, 10_000, 100_000)
_SCAN = (sys.executable, "-c", "from migrate.cli.main import main; main()", "scan")
_FLOOR = (sys.executable, str(Path(__file__).with_name("floor.py")))
_ROUNDS = {1_000: 9, 10_000: 9}


@dataclass(frozen=True, slots=True)
class Taken:
    """One run of a process."""

    seconds: float
    megabytes: float
    together: float


@dataclass(frozen=True, slots=True)
class Row:
    """The best of several runs at one size."""

    files: int
    bare: float
    floor: float
    cold: float
    first: float
    warm: float
    megabytes: float
    together: float


def main(sizes: tuple[int, ...]) -> int:
    """Measure, print, and return 1 if a target was missed."""
    with tempfile.TemporaryDirectory(prefix="bench-scan-") as folder:
        rows = [measure(Path(folder), size) for size in sizes]
    _print(rows)
    return 0 if _targets(rows) else 1


def measure(folder: Path, files: int) -> Row:
    """One estate: made, settled, scanned without a cache, with an empty one, with a full one."""
    root = folder / str(files)
    print(f"making {files:,} files ...", file=sys.stderr, flush=True)
    grow(root, files)
    time.sleep(2.5)  # files younger than two seconds are never taken from the cache
    bares, floors, colds, firsts, warms = [], [], [], [], []
    for number in range(_ROUNDS.get(files, 3)):
        cache = folder / f"cache-{files}-{number}"
        bares.append(run((*_FLOOR, "bare", str(root)), cache))
        floors.append(run((*_FLOOR, "guarded", str(root)), cache))
        colds.append(run((*_SCAN, "--no-cache", str(root)), cache))
        firsts.append(run((*_SCAN, str(root)), cache))
        warms.append(run((*_SCAN, str(root)), cache))
    bare, floor, cold, first, warm = (
        min(taken.seconds for taken in runs) for runs in (bares, floors, colds, firsts, warms)
    )
    scans = (*colds, *firsts, *warms)
    megabytes, together = max(one.megabytes for one in scans), max(one.together for one in scans)
    return Row(files, bare, floor, cold, first, warm, megabytes, together)


def run(command: tuple[str, ...], cache: Path) -> Taken:
    """Run to the end; the result goes nowhere, an error stops the benchmark."""
    environment = os.environ | {"XDG_CACHE_HOME": str(cache)}
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    peak = _Peak(process.pid)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    together = peak.end()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {process.returncode}")
    return Taken(seconds, _megabytes(used), max(together, _megabytes(used)))


def _megabytes(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)


class _Peak(threading.Thread):
    """Looks at a process and its children twenty times a second. Pages that forked processes share count once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._over = threading.Event()
        self._most = 0.0
        self.start()

    def run(self) -> None:
        while not self._over.wait(0.05):
            self._most = max(self._most, sum(_proportional(pid) for pid in (self._pid, *_children(self._pid))))

    def end(self) -> float:
        """Megabytes at the worst moment seen."""
        self._over.set()
        self.join()
        return self._most


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _proportional(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _print(rows: list[Row]) -> None:
    print("   files      bare  read only  no cache     first      warm  x read  x bare    memory       all")
    for row in rows:
        print(
            f"{row.files:>8,} {row.bare:>8.2f}s {row.floor:>9.2f}s {row.cold:>8.2f}s {row.first:>8.2f}s "
            f"{row.warm:>8.2f}s {row.cold / row.floor:>7.1f} {row.cold / row.bare:>7.1f} "
            f"{row.megabytes:>6.0f} MB {row.together:>6.0f} MB"
        )


def _targets(rows: list[Row]) -> bool:
    by = {row.files: row for row in rows}
    told: list[tuple[str, float, float]] = []
    if 10_000 in by:
        told.append(("whole scan against reading, 10,000 files, at most", by[10_000].cold / by[10_000].floor, 5))
    if 10_000 in by and 100_000 in by:
        told.append(("growth from 10,000 to 100,000 files, at most", by[100_000].cold / by[10_000].cold, 11))
    if 100_000 in by:
        told.append(("memory in MB at 100,000 files, at most", by[100_000].megabytes, 150))
        told.append(("warm against first at 100,000 files, at most", by[100_000].warm / by[100_000].first, 1 / 3))
    told.append(("migrate --help against importing typer and rich, at most", _help(), 1.3))
    for text, value, limit in told:
        print(f"{'ok  ' if value <= limit else 'MISS'} {text} {limit:.2f}: {value:.2f}")
    return all(value <= limit for _, value, limit in told)


def _help() -> float:
    with tempfile.TemporaryDirectory() as folder:
        script = str(Path(sys.executable).with_name("migrate"))
        pairs = [
            (
                run((script, "--help"), Path(folder)).seconds,
                run((sys.executable, "-c", "import typer, rich"), Path(folder)).seconds,
            )
            for _ in range(15)
        ]
    return min(ours for ours, _ in pairs) / min(theirs for _, theirs in pairs)


if __name__ == "__main__":
    sys.exit(main(tuple(int(word) for word in sys.argv[1:]) or SIZES))
