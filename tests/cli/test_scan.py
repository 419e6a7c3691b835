"""`migrate scan` as it is typed: streams, exit codes, and trees that mean harm."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from migrate.catalog import shelf
from migrate.cli.main import run

FORMS = ["table", "json", "markdown", "mermaid", "html"]
EXTERNAL = (
    "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: keys, namespace: app}\n"
    "spec:\n  secretStoreRef: {kind: ClusterSecretStore, name: vault}\n  target: {name: keys}\n"
    "  data: [{secretKey: a, remoteRef: {key: apps/app, property: a}}]\n"
)
COMMAND = (sys.executable, "-c", "from migrate.cli.main import main; main()", "scan")


@pytest.fixture(autouse=True)
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    root = tmp_path / "estate"
    root.mkdir()
    (root / "secret.yaml").write_text(EXTERNAL)
    return root


def scanned(estate: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert run(["scan", str(estate), "--json", *words]) == 0
    return json.loads(capsys.readouterr().out)


CONTRACT = {
    "": {"schema", "estate", "files", "stores", "secrets", "workloads", "levels", "totals"},
    "estate": {"path", "commit", "dirty"},
    "files": {"seen", "parsed", "skipped", "failed"},
    "levels": {"bootstrap", "legacyStores"},
    "totals": {"externalSecrets", "ready", "adapt", "code", "keep", "orphan"},
}
IN_LISTS = {
    "stores": {"kind", "namespace", "name", "provider", "server", "mount", "version", "file", "references"},
    "secrets": {
        *("namespace", "name", "file", "document", "store", "target", "wired", "creationPolicy", "deletionPolicy"),
        *("refreshInterval", "data", "template", "readers", "verdict", "reasons"),
    },
    "workloads": {"kind", "namespace", "name", "file", "serviceAccount", "secrets"},
}
READER = {"kind", "namespace", "name", "container", "file", "pointer", "how"}


def test_the_document_has_every_field_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    document = scanned(shelf("examples") / "tazlab", capsys)
    assert document["schema"] == "migrate.scan/v1"
    for name, fields in CONTRACT.items():
        part = document[name] if name else document
        assert fields <= set(part), name
    for name, fields in IN_LISTS.items():
        items = document[name]
        assert items
        assert all(fields <= set(item) for item in items), name
    secrets = document["secrets"]
    for secret in secrets:
        assert all(set(reader) >= READER for reader in secret["readers"])
        assert all({"code", "text", "reader"} <= set(reason) for reason in secret["reasons"])
        assert all(set(datum) == {"key", "vault"} for datum in secret["data"])
    assert secrets == sorted(secrets, key=lambda secret: (secret["namespace"], secret["name"]))
    totals = document["totals"]
    assert sum(count for name, count in totals.items() if name != "externalSecrets") == totals["externalSecrets"]
    assert all(isinstance(name, str) and "/" in name for name in document["levels"]["bootstrap"])


def test_the_default_estate_is_where_one_stands(
    estate: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(estate)
    assert run(["scan"]) == 0
    assert "app/keys" in capsys.readouterr().out


def test_the_result_is_stdout_and_nothing_else_is(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form in FORMS:
        assert run(["scan", str(estate), "--format", form]) == 0
        out, err = capsys.readouterr()
        assert "keys" in out
        assert err == ""


@pytest.mark.parametrize("words", [("nowhere",), ("estate/secret.yaml",)])
def test_a_folder_that_is_none_is_said_clearly(
    estate: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(estate.parent)
    assert run(["scan", *words]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert words[0] in err
    assert "nothing was scanned" in err


@pytest.mark.parametrize("words", [("--josn",), ("--format", "pdf"), ("--json", "--format", "html"), ("a", "b")])
def test_a_mistyped_command_is_64(estate: Path, words: tuple[str, ...]) -> None:
    assert run(["scan", str(estate), *words]) == 64


def test_a_wrong_setting_is_named(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (estate / "migrate.yaml").write_text("overides: []\n")
    assert run(["scan", str(estate)]) == 1
    assert "overides" in capsys.readouterr().err


def test_an_override_is_obeyed(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (estate / "migrate.yaml").write_text("overrides: [{secret: app/keys, verdict: keep, reason: we said so}]\n")
    (secret,) = scanned(estate, capsys)["secrets"]
    assert secret["verdict"] == "keep"


HARM = {
    "broken": b"kind: ExternalSecret\n  metadata: {\n",
    "tabs": b"kind: Deployment\nspec:\n\treplicas: 1\n",
    "twice": b"apiVersion: v1\nkind: Secret\nkind: Pod\n",
    "latin": b"apiVersion: v1\nkind: Secret\nmetadata: {name: caf\xe9}\n",
    "binary": b"kind: Secret\n" + bytes(range(256)),
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "deep": b"kind: Secret\na: " + b"[" * 20_000,
    "bomb": b"kind: Secret\na: &a [x,x,x,x,x,x,x,x,x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 9)) for n in range(98, 110)),
    "circle": b"kind: Secret\na: &a [*a]\n",
}


@pytest.mark.parametrize("name", HARM)
def test_a_file_that_cannot_be_read_is_told_with_its_line(
    estate: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (estate / "bad.yaml").write_bytes(HARM[name])
    files = scanned(estate, capsys)["files"]
    (failed,) = files["failed"]
    assert failed["file"] == "bad.yaml"
    assert failed["line"] >= 1
    assert failed["message"]
    assert run(["scan", str(estate)]) == 0
    assert "bad.yaml:" in capsys.readouterr().out
    assert run(["scan", str(estate), "--strict"]) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"\xef\xbb\xbf", b""),
        (b"# note\r\n", b""),
        (b"---\n", b"---\n---\nkind: List\n"),
        (b"%YAML 1.1\n---\n", b""),
    ],
)
def test_odd_but_legal_files_lose_nothing(
    estate: Path, before: bytes, after: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    text = EXTERNAL.encode()
    (estate / "secret.yaml").write_bytes(before + (text.replace(b"\n", b"\r\n") if b"\r" in before else text) + after)
    document = scanned(estate, capsys)
    assert [secret["name"] for secret in document["secrets"]] == ["keys"]
    assert not document["files"]["failed"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_secret_in_utf16_is_not_lost(estate: Path, encoding: str, capsys: pytest.CaptureFixture[str]) -> None:
    (estate / "secret.yaml").write_bytes(("\ufeff" + EXTERNAL).encode(encoding))
    document = scanned(estate, capsys)
    assert [secret["name"] for secret in document["secrets"]] == ["keys"]


def test_names_with_odd_bytes_reach_json_and_terminal(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = b"\xff\x1b[31m\n\"'<img src=x>`|&.yaml"
    (estate / "secret.yaml").rename(estate / os.fsdecode(name))
    (estate / os.fsdecode(b"bad-" + name)).write_bytes(HARM["tabs"])
    (secret,) = scanned(estate, capsys)["secrets"]
    assert os.fsencode(secret["file"]) == name
    for form in FORMS:
        assert run(["scan", str(estate), "--format", form]) == 0
        out = capsys.readouterr().out
        assert "\x1b" not in out
        assert "<img" not in out or form in {"json", "table"}


def test_neither_client_is_imported() -> None:
    program = (
        "import sys; from migrate.cli.main import run; run(sys.argv[1:]); print(*sorted(sys.modules), file=sys.stderr)"
    )
    for words in (["--help"], ["scan", "--help"], ["scan", str(shelf("examples") / "tazlab")]):
        done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
        loaded = set(done.stderr.split())
        assert "typer" in loaded
        assert not loaded & {"hvac", "kubernetes", "requests", "urllib3"}


def test_interrupting_ends_promptly_and_quietly(tmp_path: Path) -> None:
    for number in range(30):
        folder = tmp_path / "estate" / str(number)
        folder.mkdir(parents=True)
        for file in range(150):
            (folder / f"{file}.yaml").write_text(EXTERNAL * 40)
    # On a busy machine a scan may be through before anybody gets to interrupt it: that one says nothing either way.
    codes = takewhile(lambda code: code != 130, (interrupted(tmp_path / "estate") for _ in range(20)))
    assert list(codes) in [[0] * times for times in range(20)]


def interrupted(estate: Path) -> int:
    """The exit code of a scan that was interrupted once it had workers; none of its processes is left."""
    # Whoever runs the tests in the background of a script has the signal ignored, and that is inherited.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); " + COMMAND[2]
    process = subprocess.Popen(
        [*COMMAND[:2], heard, "scan", "--no-cache", str(estate)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while process.poll() is None and not workers_of(process.pid):
        time.sleep(0.01)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
    _, err = process.communicate(timeout=30)
    assert b"Traceback" not in err
    wait_until_reaped(process.pid)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    return process.returncode


def wait_until_reaped(group: int) -> None:
    """Processes that have ended stay in their group until init takes them away: only living ones are orphans."""
    for _ in range(200):
        if ("Z", str(group)) not in set(_states()):
            return
        time.sleep(0.01)


def _states() -> Iterator[tuple[str, str]]:
    """State and process group of everything that runs."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended while we looked
            state, _, group = path.read_text().rpartition(")")[2].split()[:3]
            yield state, group


def workers_of(pid: int) -> list[str]:
    """Forked copies of the scan (Git's processes are not)."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [child for child in children if "python" in Path(f"/proc/{child}/comm").read_text()]
    except OSError:
        return []


pieces = some.sampled_from(
    [
        EXTERNAL.encode(), b"---\n", b"kind: Secret\n", b"apiVersion: apps/v1\nkind: Deployment\n",
        b"metadata: {name: a}\n",
        b"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", b"resources: [a.yaml, ../.., b]\n",
        b"spec:\n",
        b"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: f}\nspec: {path: ./}\n",
        b"  template: {spec: {containers: [{env: [{valueFrom: {secretKeyRef: {name: keys}}}]}]}}\n",
        b"{{ .Values.a }}\n", b"  - x\n", b"\t", b"&a ", b"*a\n", b"<<: *a\n", b"? ", b"|\n", b"'", b"\r\n",
        b"\xff", b"${A:=b}", b"null\n",
        b"[", b"{",
    ]
) | some.binary(max_size=12)  # fmt: skip
contents = some.lists(pieces, max_size=12).map(b"".join)
places = some.sampled_from(["a.yaml", "b/kustomization.yaml", "b/c.yml", "Kustomization", "b/d.json", "migrate.yml"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files=some.dictionaries(places, contents, max_size=5))
def test_no_tree_leads_to_a_traceback(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        for name, data in files.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        before, sys.stdout = sys.stdout, nowhere
        try:
            assert [run(["scan", folder, "--no-cache", "--format", form]) for form in FORMS] == [0] * len(FORMS)
        finally:
            sys.stdout = before
