"""The plan as a file: the same digest anywhere, no secret inside, and a changed one is refused by the field's name."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migrate.catalog import shelf
from migrate.model.errors import Failed, Refused
from migrate.model.json import canonical
from migrate.planning.document import digest_of, seals
from migrate.planning.loading import load_plan
from tests.planning.estates import DATABASE, GRAFANA, SECRETS, document, estate, planned

BESIDE = Path(__file__).parents[2].parent / "shared" / "estates" / "tazlab-k8s"

Document = dict[str, Any]


@pytest.fixture
def written(tmp_path: Path) -> Document:
    return document(planned(estate(tmp_path / "estate")))


def loaded(value: Document) -> Any:
    return load_plan(json.dumps(value).encode(), "plan.json")


def test_a_plan_read_back_is_the_plan(tmp_path: Path) -> None:
    plan = planned(estate(tmp_path / "estate"))
    assert loaded(document(plan)).plan == plan


def test_the_same_estate_in_two_folders_has_one_digest(tmp_path: Path, written: Document) -> None:
    other = document(planned(estate(tmp_path / "elsewhere" / "deep")))
    assert other["digest"] == written["digest"]
    assert canonical(other) == canonical(written)


def test_time_and_manner_of_reading_are_not_digested(written: Document) -> None:
    later = copy.deepcopy(written) | {"created": "2099-01-01T00:00:00+00:00"}
    later["facts"][0]["read"] = "another way"
    assert digest_of(later) == written["digest"]


def test_any_other_difference_is_digested(written: Document) -> None:
    for key in written.keys() - {"name", "digest", "created"}:
        assert digest_of(copy.deepcopy(written) | {key: "other"}) != written["digest"]


def test_the_name_is_the_phase_and_the_digests_beginning(written: Document) -> None:
    assert written["name"] == f"phase1-{written['digest'][:4]}"


def test_the_digest_of_a_known_estate_stays(tmp_path: Path) -> None:
    """Golden: whoever changes this changes what people approved; say so in the commit."""
    found = document(planned(estate(tmp_path / "estate")))["digest"]
    assert found == (Path(__file__).parent / "golden_digest.txt").read_text().strip()


def _set(*path: Any, to: Any) -> Callable[[Document], None]:
    def change(value: Any) -> None:
        for key in path[:-1]:
            value = value[key]
        value[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (_set("steps", 0, "inverse", "sql", 0, to="DROP DATABASE boards;"), "inverse"),
        (_set("steps", 0, "change", "sql", 0, to="ALTER ROLE x SUPERUSER;"), "change"),
        (_set("steps", 4, "after", "value", "policy", to='path "*" {}'), "steps.expand.vault-policy.mig-watch-grafana"),
        (_set("steps", 6, "change", "files", 0, "after", to="0" * 40), "steps.cutover.inject-release.stack"),
        (_set("steps", 3, "reversible", to=True), "steps.expand.static-role.mig-boards"),
        (_set("gates", 0, "check", to="nothing"), "gates"),
        (_set("findings", to=[]), "findings"),
        (_set("unknowns", to=[]), "unknowns"),
        (_set("mode", to="live"), "mode"),
        (_set("facts", 0, "digest", to="blob:0"), "facts"),
        (_set("patches", 0, "forward", to=[]), "patches"),
        (_set("digest", to="0" * 64), "digest"),
        (_set("name", to="phase1-0000"), "name"),
    ],
)
def test_a_changed_plan_is_refused_by_the_fields_name(
    written: Document, change: Callable[[Document], None], field: str
) -> None:
    change(written)
    with pytest.raises(Refused) as caught:
        loaded(written)
    assert field in caught.value.happened


def test_a_plan_sealed_again_after_a_change_still_has_the_wrong_inverse(written: Document) -> None:
    written["steps"][0]["inverse"]["sql"] = ["SELECT 1;"]
    written["seals"] = seals(written)
    written["digest"] = digest_of(written)
    written["name"] = f"phase1-{written['digest'][:4]}"
    with pytest.raises(Refused, match=r"vault-login\.boards_vault_admin\.inverse"):
        loaded(written)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda d: d.pop("steps"), "steps"),
        (_set("steps", 0, "stage", to="sometime"), r"steps\.0\.stage"),
        (_set("steps", 0, "target", to="nowhere"), "not a target"),
        (_set("schema", to="migrate.plan/v9"), "schema"),
        (_set("steps", 3, "remains", to=""), "remains"),
    ],
)
def test_what_is_no_plan_is_told_by_the_field(
    written: Document, change: Callable[[Document], None], field: str
) -> None:
    change(written)
    with pytest.raises(Failed, match=field):
        loaded(written)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff\xfe", b'{"schema": "migrate.plan/v1"}'])
def test_what_is_no_document_is_told(data: bytes) -> None:
    with pytest.raises(Failed):
        load_plan(data, "x")


CANARIES = tuple(f"canary-{name}-8d1f" for name in ("ini", "smtp", "block", "secret", "sql", "env", "url", "plain"))


def _planted(folder: Path) -> Path:
    """An estate with literals wherever people leave them, most of them in the context of a line that changes."""
    release = GRAFANA.replace(
        "          user: boards\n", "          user: boards\n          password: canary-ini-8d1f\n"
    )
    release = release.replace("      env:\n", "      adminPassword: canary-smtp-8d1f\n      env:\n")
    release = release.replace(
        "      envValueFrom:\n",
        "        API_TOKEN: |\n          canary-block-8d1f\n"
        "        URL: postgres://x:canary-url-8d1f@db/x\n      envValueFrom:\n",
    )
    secret = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: watch}\nstringData:\n  plain: canary-plain-8d1f\n"
    )
    secret += "  other: canary-secret-8d1f\n---\n"
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: watch}\nspec:\n  containers:\n    - name: c\n"
    pod += "      image: x\n      env:\n        - {name: DB_PASSWORD, value: canary-env-8d1f}\n"
    sql = DATABASE + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: i, namespace: data}\ndata:\n"
    sql += "  a: CREATE USER boards PASSWORD 'canary-sql-8d1f';\n"
    return estate(folder, grafana=release, secrets=secret + SECRETS, pod=pod, database=sql)


def test_no_planted_secret_reaches_a_plan_an_export_or_a_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from migrate.cli.main import run

    folder, plan, out = _planted(tmp_path / "estate"), tmp_path / "plan.json", tmp_path / "out"
    assert run(["plan", "phase1", "--estate", str(folder), "-o", str(plan), "--export", str(out)]) == 0
    assert run(["show", str(plan)]) == 0
    shown = capsys.readouterr()
    texts = [shown.out, shown.err, plan.read_text()] + [f.read_text() for f in out.rglob("*") if f.is_file()]
    for canary in CANARIES:
        assert not any(canary in text for text in texts), canary
    masked = sum(f["masked"] for s in json.loads(plan.read_text())["steps"] for f in s["change"].get("files", []))
    assert masked


TEMPLATES = {
    "plain": "          url: canary-8d1f\n",
    "between actions": "          url: 'postgres://{{ .user }}:canary-8d1f@{{ .host }}'\n",
    "inside an action": "          url: '{{ printf \"canary-8d1f\" }}'\n",
    "escaped": '          url: "\\x63anary-8d1f"\n',
    "folded": '          url: "canary-\\\n            8d1f"\n',
    "block": "          url: |\n            {{ .user }}\n            canary-8d1f\n",
    "an annotation": "          x: '{{ .x }}'\n        metadata: {annotations: {who: canary-8d1f}}\n",
    "short": "          pin: xQ7\n",
}
COMMENTS = {
    "of its own": "  # the old password was canary-8d1f\n",
    "without a hint": "  # canary-8d1f\n",
    "over two lines": "  # the password was once\n  # correct-horse-battery\n",
    "commented out": "  # password: correct-horse-battery\n",
    "behind a value": "  refreshPolicy: Periodic  # key correct-horse-battery\n",
}


def _everything_told(folder: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> str:
    from migrate.cli.main import run

    assert run(["plan", "phase1", "--estate", str(folder), "-o", str(out / "p.json"), "--export", str(out / "x")]) == 0
    assert run(["show", str(out / "p.json")]) == 0
    shown = capsys.readouterr()
    return shown.out + shown.err + "".join(f.read_text() for f in out.rglob("*") if f.is_file())


@pytest.mark.parametrize("how", TEMPLATES)
def test_what_a_template_adds_to_the_secret_is_not_shown_when_its_external_secret_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    target = "  target:\n    name: boards-login\n"
    template = (
        "    template:\n        type: Opaque\n        data:\n          other: '{{ .password }}'\n" + TEMPLATES[how]
    )
    folder = estate(tmp_path / "e", secrets=SECRETS.replace(target, target + template))
    told = _everything_told(folder, tmp_path / "out", capsys)
    assert "canary" not in told
    assert "anary-8d1f" not in told
    assert '8d1f"' not in told
    assert "xQ7" not in told
    assert "secrets.yaml may hold secrets" in " ".join(told.split())
    assert "{{ .password }}" in told


@pytest.mark.parametrize("how", COMMENTS)
def test_comments_that_may_hold_a_secret_are_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    secrets = SECRETS.replace("  refreshInterval", "  # read every hour\n" + COMMENTS[how] + "  refreshInterval")
    told = _everything_told(estate(tmp_path / "e", secrets=secrets), tmp_path / "out", capsys)
    assert "canary" not in told
    assert "correct-horse" not in told


def test_a_comment_that_speaks_of_nothing_secret_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secrets = SECRETS.replace("  refreshInterval", "  # read every hour\n  refreshInterval")
    told = _everything_told(estate(tmp_path / "e", secrets=secrets), tmp_path / "out", capsys)
    assert "# read every hour" in told
    assert "may hold secrets" not in told


def test_a_flow_map_that_is_written_anew_shows_no_secret_beside_what_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start, rest = GRAFANA.split("      env:\n")
    flow = "      env: {GF_DATABASE_HOST: db, GF_DATABASE_USER: boards, API_TOKEN: 'canary-8d1f'}  # key canary-x\n"
    folder = estate(tmp_path / "e", grafana=start + flow + "      envValueFrom:\n" + rest.split("envValueFrom:\n")[1])
    told = _everything_told(folder, tmp_path / "out", capsys)
    assert "GF_DATABASE_PASSWORD__FILE" in told
    assert "canary" not in told


def test_a_masked_file_is_still_named_by_its_blobs(tmp_path: Path) -> None:
    plan = planned(_planted(tmp_path / "estate"))
    assert loaded(document(plan)).plan == plan


@pytest.mark.parametrize("credential", ["static", "dynamic"])
def test_the_example_estate_has_a_plan(credential: Any) -> None:
    folder = shelf("examples") / "tazlab"
    if not folder.is_dir():
        pytest.skip("the example estate is not in this checkout")
    plan = planned(folder, credential)
    assert loaded(document(plan)).plan == plan


@pytest.mark.estate
@pytest.mark.skipif(not BESIDE.is_dir(), reason="the estate beside the project is not here")
@pytest.mark.parametrize("credential", ["static", "dynamic"])
def test_a_real_estate_has_the_same_plan_from_a_copy(tmp_path: Path, credential: Any) -> None:
    one = document(planned(BESIDE, credential))
    shutil.copytree(BESIDE, tmp_path / "copy")
    other = document(planned(tmp_path / "copy", credential))
    assert one["digest"] == other["digest"]
    assert loaded(one).plan.unit.startswith("monitoring/")
