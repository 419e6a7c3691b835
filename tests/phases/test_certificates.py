"""Phase 3 taken back from where its certificate is in use, and from its end: every byte as before, nobody shut out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness.fixtures import Seated
from tests.harness.operator import Operator
from tests.harness.truth import disagreements, leaks, misdescribed, secrets, standing, unsafe

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
def test_after_phase_1_it_goes_there_and_back_to_the_password_that_vault_rotates_and_there_again(
    seated: Seated,
) -> None:
    one = after_phase_1(seated)
    before = standing(one)
    assert settled(one) == {"grafana_vault"}

    assert one.apply().code == 4
    said = one.forward()
    assert said.code == 0, said.out + said.err
    assert (healthy(one), settled(one)) == ([], {LOGIN})
    assert logins(one) == {"grafana": False, "grafana_vault": False, LOGIN: True}
    said = one.back()
    assert said.code == 0, said.out + said.err
    assert (healthy(one), settled(one)) == ([], {"grafana_vault"})
    assert standing(one) == before

    assert one.planned(phase="phase3").code == 0
    assert one.apply().code == 4
    assert one.forward().code == 0
    assert (healthy(one), settled(one)) == ([], {LOGIN})
    assert leaks(one, secrets(one)) == []
    assert "nothing to do" in one.planned(phase="phase3").out


@pytest.mark.timeout(900)
def test_after_phase_1_the_way_back_waits_for_a_password_that_works(seated: Seated) -> None:
    one = after_phase_1(seated)
    assert one.apply().code == 4
    one.merge()
    assert one.run("resume", "--approve", one.digest).code == 4
    one.merge()
    assert one.run("resume").code == 4
    assert settled(one) == {LOGIN}
    may_log_in(one, "grafana_vault", so=False)

    said = one.run("rollback")

    assert "vault.serves.back" in said.out, said.out + said.err
    one.merge()
    assert one.run("rollback").code == said.code == 7
    assert settled(one) == {LOGIN}
    may_log_in(one, "grafana_vault", so=True)
    assert one.back().code == 0
    assert (healthy(one), settled(one)) == ([], {"grafana_vault"})


def after_phase_1(seated: Seated) -> Operator:
    """Where phase 1 has ended, with a plan of phase 3."""
    one = seated()
    one.begin(TAZLAB)
    assert one.planned(phase="phase1").code == 0
    assert one.apply().code == 4
    assert one.forward().code == 0
    said = one.planned(phase="phase3")
    assert said.code == 0, said.err
    return one


def may_log_in(one: Operator, login: str, *, so: bool) -> None:
    """What somebody else does to a login of the practice world."""
    found: Any = world(one, "postgres")
    found["roles"][login]["state"]["login"] = so
    (one.world / "postgres.json").write_text(json.dumps(found))


def settled(one: Operator) -> set[str]:
    """As whom Grafana is logged in."""
    return {str(session["login"]) for session in world(one, "postgres")["sessions"]}  # type: ignore[attr-defined]


def logins(one: Operator) -> dict[str, bool]:
    """Which of Grafana's may log in."""
    roles = world(one, "postgres")["roles"]
    return {name: roles[name]["state"]["login"] for name in ("grafana", "grafana_vault", LOGIN)}  # type: ignore[index]


def healthy(one: Operator) -> list[str]:
    """What is not as it is believed or said to be."""
    return [*disagreements(one), *misdescribed(one), *unsafe(one)]


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
