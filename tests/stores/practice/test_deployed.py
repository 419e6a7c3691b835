"""What a commit asks for is read as a scan reads a folder: one file that cannot be read takes nothing else along."""

from __future__ import annotations

from pathlib import Path

from migrate.stores.practice.deployed import Deployed
from migrate.stores.tree import LIMIT
from tests.stores.git.repositories import new

ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: app, namespace: apps}\n"


def test_a_world_leaves_out_a_file_that_is_too_large(tmp_path: Path) -> None:
    made = new(tmp_path / "repo")
    made.write("account.yaml", ACCOUNT)
    made.write("large.yaml", f"# {'x' * LIMIT}\n")
    made.commit("both")
    reading = Deployed(made.path, None).reading()
    assert "ServiceAccount/apps/app" in reading.applied.objects
    (left,) = reading.inventory.files.skipped
    assert left.file == "large.yaml"
    assert "16 MiB" in left.reason
