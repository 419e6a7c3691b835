"""Which workloads of one plan go back together."""

from __future__ import annotations

from pathlib import Path

from migrate.engine.units import Bound, bound
from tests.planning.secrets.estates import container, estate, external, planned, variable, workload


def test_a_workload_does_not_go_back_alone_to_a_secret_that_another_one_retires(tmp_path: Path) -> None:
    held = container(command=["app"], env=[variable("ONE", "login", "one")])
    folder = estate(tmp_path / "e", external("login", "one"), workload(held, name="first"), workload(held, name="last"))
    plan = planned(folder, "apps/first", "apps/last")

    assert list(bound(plan, {"apps/first"}, ())) == [Bound("apps/first", "apps/login", "apps/last")]
    assert list(bound(plan, {"apps/last"}, ())) == []
    assert list(bound(plan, {"apps/first", "apps/last"}, ())) == []
    assert list(bound(plan, {"apps/first"}, {"apps/last"})) == []
