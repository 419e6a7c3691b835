"""Two processes, a cache and one process find the same; none of them can lose a file or leave anything behind."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.estate.extract import extract
from migrate.estate.facts import FileFacts
from migrate.stores import factcache, workers
from migrate.stores.gather import Gathered, gather
from migrate.stores.tree import content, listing

SECRET = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: %s, namespace: a}\n"


@pytest.fixture(autouse=True)
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    return home


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    root = tmp_path / "estate"
    for number in range(40):
        write(root / f"app-{number:02d}" / "secret.yaml", SECRET % f"keys-{number}")
        write(root / f"app-{number:02d}" / "service.yaml", "apiVersion: v1\nkind: Service\n")
    write(root / "broken.yaml", "kind: Deployment\n\tnot: yaml\n")
    return root


def write(path: Path, text: str, age: float = 60) -> None:
    """Files younger than two seconds are never kept in the cache."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    then = time.time() - age
    os.utime(path, (then, then))


def scan(root: Path, *, cached: bool = True) -> Gathered:
    return gathered(root, extract, cached=cached)


def gathered(root: Path, how: workers.Extract, *, cached: bool = True) -> Gathered:
    return gather(str(root), listing(str(root)), how, lambda _done, _all: None, cached=cached)


class Counted:
    """Extracts, and counts how often it was asked to."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, path: str, data: bytes) -> FileFacts:
        self.paths.append(path)
        return extract(path, data)


def asked(root: Path) -> list[str]:
    counted = Counted()
    gathered(root, counted)
    return counted.paths


def names(found: Gathered) -> list[str]:
    return [fact.name for item in found.files for fact in item.objects if fact.kind == "ExternalSecret"]


def test_every_file_has_its_facts(estate: Path) -> None:
    found = scan(estate)
    assert len(found.files) == found.seen == 81
    assert sorted(names(found)) == sorted(f"keys-{number}" for number in range(40))
    assert [item.file for item in found.files if item.failed] == ["broken.yaml"]


def test_workers_find_what_one_process_finds(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = scan(estate, cached=False)
    monkeypatch.setattr(workers, "WORTH_FORKING", 1)
    monkeypatch.setattr(workers, "_BATCH", 7)
    assert scan(estate, cached=False) == alone


def test_a_worker_that_dies_loses_nothing(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = scan(estate, cached=False)
    monkeypatch.setattr(workers, "WORTH_FORKING", 1)
    monkeypatch.setattr(workers, "_BATCH", 3)
    parent = os.getpid()

    def fatal(path: str, data: bytes) -> FileFacts:
        if path == "app-20/secret.yaml" and os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return extract(path, data)

    assert gathered(estate, fatal, cached=False) == alone


def test_an_error_in_a_worker_is_met_in_the_open(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WORTH_FORKING", 1)
    before = children()

    def faulty(path: str, data: bytes) -> FileFacts:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        gathered(estate, faulty, cached=False)
    assert children() == before


def test_nobody_is_left_when_a_scan_is_interrupted(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WORTH_FORKING", 1)
    monkeypatch.setattr(workers, "_BATCH", 1)
    before = children()
    lines = workers.lines(str(estate), [f"app-{number:02d}/secret.yaml" for number in range(40)], extract)
    assert next(lines)
    lines.close()
    assert children() == before


def children() -> dict[int, str]:
    """Processes that this one started and that still live, with their names; not those of whoever ran before."""
    found = dict[int, str]()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = status.read_text().partition(") ")
        except OSError:
            continue
        state, parent, *_ = rest.split()
        if int(parent) == os.getpid() and state != "Z":
            found[int(status.parent.name)] = name
    return found


def test_a_second_scan_reads_nothing_and_finds_the_same(estate: Path) -> None:
    first = scan(estate)
    assert asked(estate) == []
    assert scan(estate) == first == scan(estate, cached=False)


def test_only_what_changed_is_read_again(estate: Path) -> None:
    scan(estate)
    write(estate / "app-07" / "secret.yaml", SECRET % "renamed", age=30)
    write(estate / "app-99" / "new.yaml", SECRET % "new", age=30)
    (estate / "app-03" / "secret.yaml").unlink()
    assert asked(estate) == ["app-07/secret.yaml", "app-99/new.yaml"]
    assert scan(estate) == scan(estate, cached=False)


def test_a_file_replaced_with_the_same_size_and_time_is_read_again(estate: Path) -> None:
    scan(estate)
    old = estate / "app-07" / "secret.yaml"
    before = old.stat()
    new = old.with_name("other")
    new.write_text(old.read_text().replace("keys-7", "abcd-7"))
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.replace(old)
    assert asked(estate) == ["app-07/secret.yaml"]


def test_a_file_changed_just_now_is_never_kept(estate: Path) -> None:
    write(estate / "young.yaml", SECRET % "young", age=0)
    write(estate / "future.yaml", SECRET % "future", age=-3600)
    scan(estate)
    assert asked(estate) == ["future.yaml", "young.yaml"]


def test_what_the_system_refused_is_asked_again(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    def refuse(root: str, path: str) -> bytes:
        if path == "app-05/secret.yaml":
            raise PermissionError(13, "Permission denied")
        return content(root, path)

    with monkeypatch.context() as patched:
        patched.setattr(workers, "content", refuse)
        (failed,) = [item.failed for item in scan(estate).files if item.failed and item.file != "broken.yaml"]
    assert (failed.file, failed.line) == ("app-05/secret.yaml", 0)
    assert "Permission denied" in failed.message
    assert asked(estate) == ["app-05/secret.yaml"]


def test_a_file_that_vanishes_is_told(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    def vanish(root: str, path: str) -> bytes:
        (Path(root) / "app-05" / "secret.yaml").unlink(missing_ok=True)
        return content(root, path)

    monkeypatch.setattr(workers, "content", vanish)
    (skipped,) = [item.skipped for item in scan(estate, cached=False).files if item.skipped]
    assert skipped.file == "app-05/secret.yaml"


def cache_file(home: Path) -> Path:
    (file,) = (home / "migrate" / "scan").iterdir()
    return file


def test_the_cache_is_its_owners_alone(estate: Path, cache_home: Path) -> None:
    scan(estate)
    file = cache_file(cache_home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def damaged(data: bytes) -> Iterator[bytes]:
    lines = data.split(b"\n")
    yield b""
    yield b"\xff" * 100
    yield data[: len(data) // 2]
    yield data.replace(b"keys-7", b"evil-7")
    yield b"\n".join([lines[0], *reversed(lines[1:])])
    yield b"\n".join([b'{"schema":"migrate.scan-cache/2"}', *lines[1:]])
    yield lines[0] + b"\n" + b"[" * 100_000


def test_a_damaged_cache_is_as_good_as_none(estate: Path, cache_home: Path) -> None:
    right = scan(estate)
    file = cache_file(cache_home)
    for data in damaged(file.read_bytes()):
        file.write_bytes(data)
        assert scan(estate) == right
        assert scan(estate) == right


def test_a_forged_line_is_not_believed(estate: Path, cache_home: Path) -> None:
    right = scan(estate)
    file = cache_file(cache_home)
    header, *lines = file.read_text().split("\n")
    forged = [f"{line[8:].rpartition(chr(9))[0]}\t[1]\n" for line in lines if line]
    file.write_text(header + "\n" + "".join(factcache._checksum(line) + line for line in forged))
    assert scan(estate) == right


def test_new_rules_forget_what_old_ones_found(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan(estate)
    monkeypatch.setattr(factcache, "version", lambda: "another")
    assert len(asked(estate)) == 81


@pytest.mark.parametrize("obstacle", ["file", "link", "pipe"])
def test_a_cache_that_cannot_be_written_costs_nothing_else(estate: Path, cache_home: Path, obstacle: str) -> None:
    place = factcache.place(str(estate))
    if obstacle == "file":
        cache_home.write_text("in the way")
    else:
        place.parent.mkdir(parents=True)
        if obstacle == "link":
            place.symlink_to(estate / "broken.yaml")
        else:
            os.mkfifo(place)
    assert scan(estate) == scan(estate, cached=False)
    assert (estate / "broken.yaml").read_text().startswith("kind: Deployment")


def test_without_a_cache_nothing_is_written(estate: Path, cache_home: Path) -> None:
    scan(estate, cached=False)
    assert not cache_home.exists()


def test_unreadable_files_and_folders_are_told_to_an_unprivileged_user() -> None:
    root = Path(tempfile.mkdtemp())
    try:
        for name in ("open/a.yaml", "closed/b.yaml", "c.yaml"):
            write(root / name, SECRET % "x")
        for path, mode in ((root, 0o755), (root / "closed", 0), (root / "c.yaml", 0)):
            path.chmod(mode)
        told = as_nobody(lambda: repr([(item.file, item.failed) for item in scan(root, cached=False).files]))
        assert "closed/" in told
        assert told.count("Permission denied") == 2
        assert "('open/a.yaml', None)" in told
    finally:
        (root / "closed").chmod(0o700)
        shutil.rmtree(root)


def as_nobody(work: object) -> str:
    """What `work()` says in a process without privileges (the tests may run as root)."""
    assert callable(work)
    if os.geteuid():
        return str(work())
    receiving, sending = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os.write(sending, str(work()).encode())
        finally:
            os._exit(0)
    os.close(sending)
    with os.fdopen(receiving, "rb") as stream:
        told = stream.read().decode()
    os.waitpid(pid, 0)
    return told
