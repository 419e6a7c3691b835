"""Which workload comes first: what another phase takes, what Flux makes wait for what."""

from __future__ import annotations

import pytest

from migrate.cli.demo import example
from migrate.model.json import mapping
from migrate.planning.cases import NothingToDo
from tests.estate.trees import FIRST_USER
from tests.planning.secrets.estates import outcome, planned

MORE = example().parent / "more"
GRAFANA = "monitoring/kube-prometheus-stack"


def test_a_login_that_another_phase_moves_is_left_to_it_unless_it_is_named() -> None:
    for wave in (None, 1):
        plan = planned(example(), wave=wave)
        assert GRAFANA not in {step.unit for step in plan.steps}
        (left,) = [one for one in plan.findings if one.code == "phase.left-to"]
        assert GRAFANA in left.text
        assert "migrate plan phase1" in left.fix
    named = planned(example(), GRAFANA)
    assert {step.unit for step in named.steps} == {GRAFANA}
    assert not [one for one in named.findings if one.code == "phase.left-to"]


def test_where_only_such_logins_are_there_nothing_is_left_for_this_phase() -> None:
    found = outcome(MORE / "two-grafanas")
    assert isinstance(found, NothingToDo)
    assert f"{GRAFANA} is left to phase1" in found.why


@pytest.mark.estate
@pytest.mark.skipif(not FIRST_USER.is_dir(), reason="the estates that lie beside the project are absent")
def test_the_waves_of_the_first_users_estate_are_the_four_workloads_that_phase_1_leaves() -> None:
    plans = [planned(FIRST_USER, wave=wave) for wave in (1, 2, 3)]
    told = [mapping(one) for plan in plans for one in plan.verdicts]
    moved = [f"{one['namespace']}/{one['name']}" for one in told if one["inPhase"]]
    assert [plan.unit for plan in plans] == [
        "ai-agents/openclaw", "cloudflare-ddns/cloudflare-ddns", "auth/oauth2-proxy, dex/dex",
    ]  # fmt: skip
    assert sorted(moved) == [
        "ai-agents/openclaw-secrets", "auth/oauth2-proxy-secrets", "cloudflare-ddns/cloudflare-api-token",
        "dex/dex-config-rendered", "dex/dex-google-secrets",
    ]  # fmt: skip
