"""What a person may set in a world by hand, and what means nothing there."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.cli.main import run
from migrate.model.errors import Exit
from tests.cli.test_session import Call, call, under_way  # noqa: F401  the fixture


@pytest.fixture
def world(call: Call) -> str:  # noqa: F811
    under_way(call)
    return "../world"


def files(world: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(world).glob("*.json")}


@pytest.mark.parametrize(
    ("target", "field", "named"),
    [
        ("postgres:role/grafana", "logn=false", "login"),
        ("postgres:sessions/grafana", "clent=10.0.0.9", "client"),
        ("vault:database/static-roles/mig-grafana", "rotation=5", "rotation_period"),
        ("vault:database/config/mig-grafana-pg", "user=x", "username"),
        ("vault:policy/theirs", "rules=x", "policy"),
        ("cluster:Kustomization/flux-system/infrastructure-monitoring", "suspend=true", "suspended"),
        ("cluster:HelmRelease/monitoring/kube-prometheus-stack", "fail=true", "failed"),
        ("cluster:Deployment/monitoring/kube-prometheus-stack-grafana", "broke=x", "broken"),
    ],
)
def test_a_field_that_nothing_reads_is_refused_and_the_known_ones_are_named(
    call: Call,  # noqa: F811
    world: str,
    target: str,
    field: str,
    named: str,
) -> None:
    before = files(world)
    assert call.do("practice", "edit", world, target, "--set", field) == Exit.USAGE
    assert f"has no field {field.partition('=')[0]}" in call.out
    assert named in call.out.partition("its fields:")[2]
    assert files(world) == before


def test_half_a_thing_cannot_be_made_by_hand(call: Call, world: str) -> None:  # noqa: F811
    for target in ("vault:database/static-roles/other", "cluster:Deployment/apps/other"):
        assert call.do("practice", "edit", world, target, "--set", "username=x") == Exit.FAILED
        assert "there is no" in call.out


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ("vault:kv/secret/lab/any/path", "whatever=1"),
        ("cluster:Secret/monitoring/lab-db-pguser-grafana", "another=1"),
        ("vault:database/config/mig-grafana-pg", "username=somebody"),
        ("postgres:role/newcomer", "login=true"),
        ("cluster:Deployment/monitoring/kube-prometheus-stack-grafana", 'broken="why"'),
    ],
)
def test_what_an_operator_may_change_is_changed_and_the_world_goes_on(world: str, target: str, field: str) -> None:
    before = files(world)
    assert run(["practice", "edit", world, target, "--set", field]) == 0
    assert files(world) != before
    assert run(["practice", "show", world]) == 0


def test_a_connections_login_is_set_where_vault_shows_it(call: Call, world: str) -> None:  # noqa: F811
    assert call.do("practice", "edit", world, "vault:database/config/mig-grafana-pg", "--set", "username=x") == 0
    assert '"username": "x"' in Path(world, "vault.json").read_text()
    assert Path(world, "vault.json").read_text().count('"username": "x"') == 1
