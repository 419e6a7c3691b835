"""Phase 3 taken back from where its certificate is in use, and from its end: every byte as before, nobody shut out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.fixtures import Seated
from tests.harness.operator import Operator
from tests.harness.truth import disagreements, leaks, secrets, standing, unsafe

TAZLAB = Path(__file__).parents[2] / "examples/tazlab"
LOGIN = "grafana-cert"


def begun(seated: Seated) -> Operator:
    one = seated()
    one.begin(TAZLAB)
    assert one.planned(phase="phase3").code == 0
    return one


def world(one: Operator, part: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((one.world / f"{part}.json").read_bytes())
    return found


@pytest.mark.parametrize("merges", [2, 9], ids=["the certificate in use", "everything done"])
@pytest.mark.timeout(900)
def test_back_from(seated: Seated, merges: int) -> None:
    one = begun(seated)
    before = standing(one)
    said = one.apply()
    for _ in range(merges):
        one.merge()
        said = one.run("resume", "--approve", one.digest)
        assert unsafe(one) == []
        if said.code == 0:
            break
    assert said.code == (0 if merges > 2 else 4), said.out + said.err
    assert any(session["login"] == LOGIN for session in world(one, "postgres")["sessions"])  # type: ignore[attr-defined]

    said = one.back()

    assert said.code == 0, said.out + said.err
    assert standing(one) == before
    assert disagreements(one) == []
    assert "open nothing here" in "\n".join(one.heard), "certificates stay good, and that is said"
    assert leaks(one, secrets(one)) == []


@pytest.mark.timeout(900)
def test_a_rule_put_above_ours_in_git_holds_the_cutover(seated: Seated) -> None:
    one = begun(seated)
    assert one.apply().code == 4
    one.merge()
    cluster = one.estate / "infrastructure/data/cluster.yaml"
    ours = "          - hostssl grafana grafana-cert all cert\n"
    text = cluster.read_text()
    assert ours in text
    cluster.write_text(text.replace(ours, "          - host all all all md5\n" + ours))
    one.git("commit", "--quiet", "-am", "somebody else")

    said = one.run("resume", "--approve", one.digest)

    assert said.code in {4, 6}, said.out + said.err
    assert "db.hba-cert" in said.out
    assert not any(step.startswith("cutover") for step in one.git("log", "--format=%s", "main").splitlines())


@pytest.mark.timeout(900)
def test_after_phase_1_its_way_back_comes_first_and_phase_3_then_goes_to_its_end(seated: Seated) -> None:
    one = seated()
    one.begin(TAZLAB)
    assert one.planned(phase="phase1").code == 0
    assert one.apply().code == 4
    assert one.forward().code == 0

    refused = one.planned(phase="phase3")
    assert refused.code == 3
    assert "has its password from the agent already" in refused.err
    assert "migrate rollback" in refused.err

    assert one.back().code == 0
    assert one.planned(phase="phase3").code == 0
    assert one.apply().code == 4
    assert one.forward().code == 0
    roles = world(one, "postgres")["roles"]
    assert LOGIN in roles  # type: ignore[operator]
    assert "grafana_vault" not in roles  # type: ignore[operator]
    assert disagreements(one) == []


@pytest.mark.timeout(900)
def test_a_rule_of_ours_that_somebody_took_away_does_not_hold_the_way_back(seated: Seated) -> None:
    one = begun(seated)
    assert one.apply().code == 4
    one.merge()
    cluster = one.estate / "infrastructure/data/cluster.yaml"
    lines = cluster.read_text().splitlines(keepends=True)
    cluster.write_text("".join(line for line in lines if "grafana-cert all cert" not in line))
    one.git("commit", "--quiet", "-am", "somebody else")

    said = one.back()

    assert said.code == 0, said.out + said.err
    assert LOGIN not in json.dumps(world(one, "postgres")["roles"])
