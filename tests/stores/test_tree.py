"""Nothing in a tree may crash, hang or mislead whoever lists and reads it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from migrate.stores.tree import LIMIT, Listing, Tree, candidate, content, listing


def paths(found: Listing) -> list[str]:
    return [entry.path for entry in found.entries]


def reasons(found: Listing) -> dict[str, str]:
    return {item.file: item.reason for item in found.skipped}


@pytest.mark.parametrize("name", ["a.yaml", "a.yml", "a.json", "A.YAML", "Kustomization", "x.yaml.yaml"])
def test_manifests_are_candidates(name: str) -> None:
    assert candidate(name)


@pytest.mark.parametrize("name", ["a.tpl", "README.md", "yaml", "kustomization", "a.yaml~", "a.yaml.swp"])
def test_other_files_are_not(name: str) -> None:
    assert not candidate(name)


def test_files_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    for name in ("b/z.yaml", "a.yaml", "b/a.json", "b.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a: 1")
    found = listing(str(tmp_path))
    assert paths(found) == ["a.yaml", "b.yaml", "b/a.json", "b/z.yaml"]
    assert found.seen == 4


@pytest.mark.parametrize("folder", [".git", "node_modules", ".terraform", ".venv"])
def test_tool_folders_are_not_the_estate(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "a.yaml").write_text("a: 1")
    assert listing(str(tmp_path)) == Listing((), (), (), 0)


def test_links_are_told_and_never_followed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "a.yaml").write_text("a: 1")
    (tmp_path / "secret.yaml").write_text("outside: 1")
    (tree / "sub" / "up").symlink_to("..")
    (tree / "round").symlink_to("round")
    (tree / "out.yaml").symlink_to(tmp_path / "secret.yaml")
    (tree / "out").symlink_to(tmp_path)
    (tree / "in.yaml").symlink_to("a.yaml")
    (tree / "gone.yaml").symlink_to("nowhere")
    (tree / "notes").symlink_to("a.yaml")
    found = listing(str(tree))
    assert paths(found) == ["a.yaml"]
    assert set(reasons(found)) == {"sub/up", "round", "out.yaml", "out", "in.yaml", "gone.yaml"}
    assert all("never followed" in reason for reason in reasons(found).values())


def test_pipes_and_sockets_are_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.yaml")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.yaml")
        found = listing(str(tmp_path))
    assert found.entries == ()
    assert "a named pipe" in reasons(found)["pipe.yaml"]
    assert "a socket" in reasons(found)["socket.yaml"]
    with pytest.raises(OSError, match="named pipe"):
        content(str(tmp_path), "pipe.yaml")


def test_a_200_mb_file_is_skipped_with_its_size(tmp_path: Path) -> None:
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    found = listing(str(tmp_path))
    assert found.entries == ()
    assert "209,715,200 bytes" in reasons(found)["huge.yaml"]


def test_a_file_that_grew_over_the_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.yaml").open("wb") as file:
        file.truncate(LIMIT + 1)
    with pytest.raises(OSError, match="16 MiB"):
        content(str(tmp_path), "a.yaml")


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 300_000])
def test_all_bytes_of_a_file_are_read(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "a.yaml").write_bytes(data)
    assert content(str(tmp_path), "a.yaml") == data


def test_names_that_are_no_utf8_are_kept(tmp_path: Path) -> None:
    name = b"bad-\xff\n\x1b[2J.yaml"
    (tmp_path / os.fsdecode(name)).write_bytes(b"a: 1")
    (entry,) = listing(str(tmp_path)).entries
    assert os.fsencode(entry.path) == name
    assert content(str(tmp_path), entry.path) == b"a: 1"


def test_folders_nested_past_the_systems_limit_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(25):
        Path("d" * 200).mkdir()
        os.chdir("d" * 200)
    Path("a.yaml").write_text("a: 1")
    found = listing(str(tmp_path))
    assert found.entries == ()
    (failed,) = found.failed
    assert "could not be read" in failed.message


def test_a_path_out_of_the_estate_is_refused(tmp_path: Path) -> None:
    estate = tmp_path / "estate"
    (estate / "sub").mkdir(parents=True)
    (estate / "a.yaml").write_text("a: 1")
    (tmp_path / "secret.yaml").write_text("outside: 1")
    (tmp_path / "estate-2").mkdir()
    (tmp_path / "estate-2" / "a.yaml").write_text("outside: 1")
    (estate / "link").symlink_to("sub")
    (estate / "sub" / "b.yaml").write_text("b: 1")
    (estate / "c.yaml").symlink_to("a.yaml")
    tree = Tree(str(estate))
    assert tree.read("a.yaml") == b"a: 1"
    assert tree.read("sub/../a.yaml") == b"a: 1"
    assert tree.read("sub/b.yaml") == b"b: 1"
    outside = ["../secret.yaml", "sub/../../secret.yaml", "../estate-2/a.yaml", str(tmp_path / "secret.yaml")]
    for path in [
        *outside,
        "link/b.yaml",
        "c.yaml",
        "",
        ".",
        "..",
        "sub",
        "no.yaml",
        "a\0.yaml",
        "\ud800.yaml",
        "x" * 300,
    ]:
        with pytest.raises(OSError):  # noqa: PT011  each its own; what matters is that nothing else is raised
            tree.read(path)
