"""New files, unified diffs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from migrate.documents.diff import unified
from migrate.documents.files import create_file
from migrate.model.json import Json


def test_a_new_file_is_what_a_person_would_have_written() -> None:
    account: Json = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "app", "labels": {"on": "yes"}}}
    data: Json = {"mode": "0440", "run.sh": "#!/bin/sh\nexit 0\n", "empty": ""}
    config: Json = {"kind": "ConfigMap", "data": data, "list": [], "nothing": None}

    assert create_file([account, config]).decode() == (
        "apiVersion: v1\n"
        "kind: ServiceAccount\n"
        "metadata:\n"
        "  name: app\n"
        "  labels:\n"
        '    "on": "yes"\n'
        "---\n"
        "kind: ConfigMap\n"
        "data:\n"
        '  mode: "0440"\n'
        "  run.sh: |\n"
        "    #!/bin/sh\n"
        "    exit 0\n"
        '  empty: ""\n'
        "list: []\n"
        "nothing: null\n"
    )


def test_lists_and_long_lines_in_a_new_file() -> None:
    assert create_file([{"a": [{"b": "x " * 100 + "x", "c": [1]}]}]).decode() == (
        f"a:\n  - b: {'x ' * 100}x\n    c:\n      - 1\n"
    )


@pytest.mark.parametrize("value", [None, {"a": 2**64 + 1}, {"a": float("inf")}])
def test_what_yaml_cannot_carry_is_refused(value: dict[str, float] | None) -> None:
    with pytest.raises(ValueError, match="survive"):
        create_file([value])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a: 1\nb: 2\n", b"a: 1\nb: 3\n"),
        (b"a: 1\r\nb: 2\r\n", b"a: 1\r\nb: 3"),
        (b"a: 1", b"a: 2\n"),
        (b"", b"a: 1\n"),
        (b"a: 1\n", b""),
        ("a: é\u2028\x85\n".encode(), "a: è\u2028\n".encode()),
        (b"\xef\xbb\xbfa: 1\n", b"\xef\xbb\xbfa: 2\n"),
    ],
)
def test_git_applies_the_diff(before: bytes, after: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    if before:
        file.write_bytes(before)

    diff = unified(before, after, "a.yaml").encode()
    subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], input=diff, cwd=tmp_path, check=True)

    assert (file.read_bytes() if file.exists() else b"") == after


def test_no_difference_is_no_diff() -> None:
    assert unified(b"a", b"a", "x") == ""
    assert unified(b"\xff", b"a", "x") == "Binary files a/x and b/x differ\n"


def test_reading_and_editing_pay_for_no_writer() -> None:
    code = "import sys, migrate.documents.apply as _; print(*(m for m in sys.modules if m in {'ruamel', 'jsonpatch'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""
