"""The small rules that planning rests on."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.catalog import shelf
from migrate.documents.diff import unified
from migrate.documents.reader import load_all
from migrate.model.change import Absent, Doc, Exact, Irreversible
from migrate.model.errors import Failed, Refused
from migrate.model.plan import Step
from migrate.operations.catalogue import OPERATIONS
from migrate.planning.compose import Composition, compose
from migrate.planning.files import Drafts, Files, Versions, blob_id
from migrate.planning.login.subjects import fullname
from migrate.planning.masking import MASK, Literals, literals, without_literals
from migrate.planning.phases import Phase, all_phases, parse_phase
from migrate.planning.prove import apply_diff, prove
from migrate.planning.rendering import reversed_diff
from migrate.planning.servers import Found, Servers
from migrate.planning.surroundings import pinned
from tests.planning.estates import estate, planned

LINES = st.lists(st.sampled_from(["a", "b", "+c", "-d", "@@ e", "", "--- f", "+++ g"]), max_size=12)


@given(LINES, LINES, st.booleans(), st.booleans())
def test_a_diff_leads_there_and_reversed_leads_back(old: list[str], new: list[str], end: bool, stop: bool) -> None:
    before = ("\n".join(old) + ("\n" if end and old else "")).encode()
    after = ("\n".join(new) + ("\n" if stop and new else "")).encode()
    diff = unified(before, after, "f")
    assert apply_diff(before, diff) == after
    assert apply_diff(after, reversed_diff(diff)) == before


@given(LINES, LINES)
def test_reversing_a_diff_twice_gives_it_back(old: list[str], new: list[str]) -> None:
    before, after = "\n".join(old).encode(), "\n".join(new).encode()
    diff = unified(before, after, "f")
    assert apply_diff(before, reversed_diff(reversed_diff(diff))) == after


@given(st.binary(max_size=60))
def test_blob_ids_are_gits(data: bytes) -> None:
    import hashlib

    assert blob_id(data) == hashlib.sha1(b"blob " + str(len(data)).encode() + b"\0" + data).hexdigest()


def test_a_known_blob_id() -> None:
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


@pytest.mark.parametrize(
    ("release", "values", "name"),
    [
        ("stack", {}, "stack-grafana"),
        ("grafana-lab", {}, "grafana-lab"),
        ("stack", {"nameOverride": "boards"}, "stack-boards"),
        ("stack", {"fullnameOverride": "mine"}, "mine"),
        ("x" * 62, {}, "x" * 62),
    ],
)
def test_the_charts_naming_rule(release: str, values: dict[str, object], name: str) -> None:
    assert fullname(release, values, "grafana") == name


@pytest.mark.parametrize(
    ("version", "one"),
    [
        ("61.3.1", True),
        ("v1.2.3", True),
        ("1.2.3-rc.1", True),
        ("61.x", False),
        (">=1.0.0", False),
        ("*", False),
        ("1.2", False),
        (None, False),
    ],
)
def test_what_counts_as_pinned(version: str | None, one: bool) -> None:
    assert pinned(version) is one


@pytest.mark.parametrize(
    "line",
    [
        "password: hunter2-x",
        "DB_PASSWORD=hunter2-x",
        "  apiKey: 'hunter2-x'",
        "url: postgres://me:hunter2-x@db/x",
        "ALTER ROLE a PASSWORD 'hunter2-x';",
        '"client_secret": "hunter2-x",',
        "vault.hashicorp.com/agent-inject-template-db-password: hunter2-x",
    ],
)
def test_a_literal_in_the_context_is_masked(line: str) -> None:
    shown, count = without_literals(f"--- a/f\n+++ b/f\n@@ -1 +1 @@\n {line}\n", Literals())
    assert "hunter2" not in shown
    assert MASK in shown
    assert count == 1


@pytest.mark.parametrize(
    "line",
    [
        "secretName: boards-login",
        "secretStoreRef:",
        "- secretKey: password",
        "GF_DATABASE_PASSWORD__FILE: /vault/secrets/db-password",
        "serviceAccountToken:",
        "existingSecretName: x",
        "GF_DATABASE_PASSWORD: ${FROM_FLUX}",
        "passwordKey: password",
        "automountServiceAccountToken: false",
        "vault.hashicorp.com/agent-inject-secret-db-password: database/static-creds/boards",
        'vault.hashicorp.com/agent-inject-perms-db-password: "0400"',
    ],
)
def test_names_and_places_of_secrets_are_not_masked(line: str) -> None:
    diff = f"--- a/f\n+++ b/f\n@@ -1 +1 @@\n {line}\n"
    assert without_literals(diff, Literals()) == (diff, 0)


def test_half_of_a_clouds_credentials_is_no_name() -> None:
    assert literals(b"s3:\n  secretKey: AKIA-other-half\n").pieces == {"AKIA-other-half"}
    assert literals(b"data:\n  - secretKey: password\n    remoteRef: {key: a}\n") == Literals()


def test_block_scalars_and_secret_objects_are_masked_by_value() -> None:
    text = b"kind: Secret\nstringData:\n  conf: |\n    first-line\n    second-line\n  short: abcd\n"
    assert {"first-line", "second-line", "abcd"} <= literals(text).pieces


# --- proof --------------------------------------------------------------------------------------------------


def test_a_plan_whose_files_do_not_lead_back_is_refused(tmp_path: Path) -> None:
    plan = planned(estate(tmp_path / "e"))
    step = next(one for one in plan.steps if one.change.files)
    file = dataclasses.replace(step.change.files[0], diff="--- a/f\n+++ b/f\n")
    wrong = dataclasses.replace(step, change=dataclasses.replace(step.change, files=(file,)), depends=())
    with pytest.raises(Refused, match=r"is not the file|does not lead"):
        prove(_composition(wrong))


def test_a_step_that_hides_behind_an_empty_reason_is_refused(tmp_path: Path) -> None:
    step = next(one for one in planned(estate(tmp_path / "e")).steps if one.operation == "static-role")
    change = dataclasses.replace(step.change, undo=Irreversible("", None))
    with pytest.raises(Refused, match="what remains"):
        prove(_composition(dataclasses.replace(step, change=change, depends=())))


def test_a_step_that_changes_nothing_is_refused(tmp_path: Path) -> None:
    step = planned(estate(tmp_path / "e")).steps[0]
    change = dataclasses.replace(step.change, before=Doc({}), after=Doc({}), undo=Exact())
    with pytest.raises(Refused, match="changes nothing"):
        prove(_composition(dataclasses.replace(step, change=change)))


def _composition(step: Step) -> Composition:
    return Composition((step,), (), Versions(), Found(Servers("offline", lambda _: Absent(), (), "")))


def test_compose_never_touches_the_files(tmp_path: Path) -> None:
    folder = estate(tmp_path / "e")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    planned(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert compose.__doc__
    assert Drafts(Files((), lambda _: b"")).read("x") == b""


# --- phases -------------------------------------------------------------------------------------------------


def test_every_shipped_phase_fits_the_schema() -> None:
    schema = json.loads((shelf("phases") / "schema.json").read_text())
    for path in shelf("phases").glob("*.yaml"):
        value = load_all(path.read_bytes())[0].value
        assert isinstance(value, dict)
        assert value.keys() <= schema["properties"].keys()
        assert value.keys() >= set(schema["required"])


def test_the_schema_and_the_model_know_the_same_fields() -> None:
    schema = json.loads((shelf("phases") / "schema.json").read_text())
    model = Phase.model_json_schema(by_alias=True)
    assert schema["properties"].keys() == model["properties"].keys()
    for name, part in (("operations", "Use"), ("gates", "GateRule")):
        ours = model["$defs"][part]["properties"].keys() - {"line"}
        assert schema["properties"][name]["items"]["properties"].keys() == ours


def test_every_operation_is_a_file_and_used_by_a_phase() -> None:
    used = {use.operation for phase in all_phases() for use in phase.operations}
    assert used == OPERATIONS.keys()
    for name, operation in OPERATIONS.items():
        assert operation.__module__ == f"migrate.operations.{name.replace('-', '_')}"
        assert operation.__doc__


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("operation: new-login", "operation: no-such", "no such operation: no-such"),
        ("before: new-login", "before: nowhere", "neither a stage nor an operation"),
        ("stage: soak", "stage: later", r"operations\.\d+\.stage"),
        ("timeout: 2m", "timeout: soon", r"gates\.\d+\.timeout"),
        ("title:", "titel:", "title"),
    ],
)
def test_a_phase_that_does_not_fit_is_refused_with_the_place(old: str, new: str, says: str) -> None:
    data = (shelf("phases") / "phase1.yaml").read_text()
    assert old in data
    with pytest.raises(Failed, match=says):
        parse_phase("phase1", data.replace(old, new, 1).encode())


def test_nothing_in_the_package_names_an_estate() -> None:
    package = Path(str(shelf("phases"))).parent / "migrate"
    done = subprocess.run(
        ("grep", "-rilE", "tazlab|tazzo|lushy|mnemosyne", str(package / "planning"), str(package / "operations")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert [name for name in done.stdout.split("\n") if name.endswith((".py", ".yaml", ".hcl"))] == []
