"""Which workloads of one plan go back together."""

from __future__ import annotations

from pathlib import Path

from migrate.engine.units import Bound, Emptied, bound
from tests.phases.test_together import one_folder
from tests.planning.secrets.estates import container, estate, external, planned, variable, workload


def test_a_workload_does_not_go_back_alone_to_a_secret_that_another_one_retires(tmp_path: Path) -> None:
    held = container(command=["app"], env=[variable("ONE", "login", "one")])
    folder = estate(tmp_path / "e", external("login", "one"), workload(held, name="first"), workload(held, name="last"))
    plan = planned(folder, "apps/first", "apps/last")

    assert list(bound(plan, {"apps/first"}, ())) == [Bound("apps/first", "apps/login", "apps/last")]
    assert list(bound(plan, {"apps/last"}, ())) == []
    assert list(bound(plan, {"apps/first", "apps/last"}, ())) == []
    assert list(bound(plan, {"apps/first"}, {"apps/last"})) == []


def test_a_workload_does_not_go_back_alone_into_a_file_that_another_one_takes_away(tmp_path: Path) -> None:
    plan = planned(one_folder(tmp_path / "e"), "apps/one", "apps/two")
    assert list(bound(plan, {"apps/one"}, ())) == [Emptied("apps/one", "part/kustomization.yaml", "apps/two")]
    assert list(bound(plan, {"apps/two"}, ())) == []
    assert list(bound(plan, {"apps/one", "apps/two"}, ())) == []
    assert list(bound(plan, {"apps/one"}, {"apps/two"})) == []
