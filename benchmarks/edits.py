"""What an edit costs, verification included, beside parsing the same file once; and reading beside PyYAML.

    python -m benchmarks.edits [SECONDS]

Both sides of each comparison run in turn on the same files in one process, so that a busy moment strikes both:
an estate from benchmarks.estates (the same bytes every time), each file a few kilobytes as manifests are. An edit
is `apply_edits` with one annotation added to a workload: decode, find, splice, read the result again, compare.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from benchmarks.estates import grow
from migrate.documents.apply import apply_edits
from migrate.documents.edits import AddKey
from migrate.documents.nodes import compose
from migrate.documents.reader import load_all, load_once

FILES = 1_000
_EDIT = AddKey(("spec", "template", "metadata", "annotations"), "vault.hashicorp.com/agent-inject", "true")


def _edited(data: bytes) -> bytes:
    """The file after the edit, as if nobody had read it before."""
    load_once.cache_clear()
    compose.cache_clear()
    return apply_edits(data, 0, [_EDIT])


def main(seconds: float) -> int:
    """Measure and print; there is no target to miss."""
    with tempfile.TemporaryDirectory(prefix="bench-edits-") as folder:
        grow(Path(folder), FILES)
        files = [path.read_bytes() for path in sorted(Path(folder).rglob("*.yaml"))]
    workloads = [data for data in files if b"kind: Deployment" in data]
    print(f"{len(files)} manifests, of which {len(workloads)} workloads ({_mean(workloads):.0f} bytes each)")
    edit, parse = rates([_edited, load_all], workloads, seconds)
    print(f"edits, verified       {edit:8.0f} per second   {1e6 / edit:6.0f} us each")
    print(
        f"parsing the file once {parse:8.0f} per second   {1e6 / parse:6.0f} us each, {parse / edit:.1f} times as fast"
    )
    ours, theirs = rates([load_all, _pyyaml], [data for data in files if len(data) < 20_000], seconds)
    print(f"our reader            {ours:8.0f} files per second")
    print(f"yaml.CSafeLoader      {theirs:8.0f} files per second, ours is {ours / theirs:.1f} times as fast")
    return 0


def rates(works: list[Callable[[bytes], object]], files: list[bytes], seconds: float) -> list[float]:
    """Files a second for each kind of work: the best of several rounds taken in turn, `seconds` in all."""
    best = [0.0] * len(works)
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        for position, work in enumerate(works):
            best[position] = max(best[position], _rate(work, files))
    return best


def _rate(work: Callable[[bytes], object], files: list[bytes]) -> float:
    began = time.perf_counter()
    for data in files:
        work(data)
    return len(files) / (time.perf_counter() - began)


def _pyyaml(data: bytes) -> object:
    return list(yaml.load_all(data, yaml.CSafeLoader))


def _mean(files: list[bytes]) -> float:
    return sum(map(len, files)) / len(files)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0))
