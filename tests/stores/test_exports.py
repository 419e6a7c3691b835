"""Two exports never mix, and nobody else's file is lost to one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrate.model.errors import Failed, Refused
from migrate.stores.exports import write_export

ONE = {"rollback.sh": b"#!/bin/sh\n", "sql/01-a.sql": b"a\n", "sql/02-b.sql": b"b\n", "policies/p.hcl": b"p\n"}
OTHER = {"rollback.sh": b"#!/bin/sh\n# other\n", "sql/01-c.sql": b"c\n"}


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.name != "export.json"
    }


def test_the_files_are_written_and_the_script_can_be_run(tmp_path: Path) -> None:
    write_export(tmp_path / "out", ONE, "phase1-aaaa")
    assert content(tmp_path / "out") == ONE
    assert (tmp_path / "out/rollback.sh").stat().st_mode & 0o111


def test_a_second_export_replaces_the_first_whole(tmp_path: Path) -> None:
    write_export(tmp_path, ONE, "phase1-aaaa")
    write_export(tmp_path, OTHER, "phase1-bbbb")
    assert content(tmp_path) == OTHER
    assert not (tmp_path / "policies").exists()
    assert json.loads((tmp_path / "export.json").read_text())["plan"] == "phase1-bbbb"


def test_a_file_of_somebody_else_is_kept_beside_it(tmp_path: Path) -> None:
    write_export(tmp_path, ONE, "a")
    (tmp_path / "sql/notes.txt").write_text("mine")
    write_export(tmp_path, OTHER, "b")
    assert content(tmp_path) == OTHER | {"sql/notes.txt": b"mine"}


@pytest.mark.parametrize("name", ["sql/01-a.sql", "policies/p.hcl"])
def test_an_exported_file_that_was_edited_is_never_lost(tmp_path: Path, name: str) -> None:
    write_export(tmp_path, ONE, "a")
    (tmp_path / name).write_text("edited")
    before = content(tmp_path)
    with pytest.raises(Refused, match="changed since an export wrote it"):
        write_export(tmp_path, OTHER, "b")
    assert content(tmp_path) == before


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "anything").write_text("x")
    with pytest.raises(Refused, match="no export was written there"):
        write_export(tmp_path, ONE, "a")
    assert content(tmp_path) == {"anything": b"x"}


def test_a_file_in_the_way_is_refused_by_name(tmp_path: Path) -> None:
    write_export(tmp_path, ONE, "a")
    (tmp_path / "sql/01-c.sql").write_text("mine")
    with pytest.raises(Refused, match=r"sql/01-c.sql was written by somebody else"):
        write_export(tmp_path, OTHER, "b")
    assert content(tmp_path) == ONE | {"sql/01-c.sql": b"mine"}


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    out, away = tmp_path / "out", tmp_path / "away"
    write_export(out, ONE, "a")
    away.write_bytes(ONE["sql/01-a.sql"])
    (out / "sql/01-a.sql").unlink()
    (out / "sql/01-a.sql").symlink_to(away)
    with pytest.raises(Refused):
        write_export(out, OTHER, "b")
    assert away.read_bytes() == ONE["sql/01-a.sql"]


@pytest.mark.parametrize("name", ["../away", "/etc/away", "a/../../away"])
def test_a_list_that_names_files_elsewhere_is_no_list_of_ours(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    write_export(out, ONE, "a")
    listed = json.loads((out / "export.json").read_text())
    listed["files"][name] = "x"
    (out / "export.json").write_text(json.dumps(listed))
    with pytest.raises(Refused, match="not what an export writes"):
        write_export(out, OTHER, "b")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "other/v1", "files": {}}'])
def test_a_list_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "export.json").write_text(text)
    with pytest.raises(Refused):
        write_export(tmp_path, ONE, "a")


def test_an_export_that_was_cut_short_is_finished_by_the_next(tmp_path: Path) -> None:
    write_export(tmp_path, ONE, "a")
    (tmp_path / "sql/02-b.sql").unlink()
    write_export(tmp_path, OTHER, "b")
    assert content(tmp_path) == OTHER


def test_a_place_that_cannot_be_a_folder_fails_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Failed, match="file"):
        write_export(tmp_path / "file/out", ONE, "a")
