"""Phase 1 on real servers: all the way there, and from behind contract all the way back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrate.lab import faults
from tests.labworld import Lab, until
from tests.live.operator import seated, watching

pytestmark = [pytest.mark.lab(level="full"), pytest.mark.timeout(2400)]

SECRET = "/api/v1/namespaces/monitoring/secrets/lab-db-pguser-grafana"
DEPLOYMENT = "/apis/apps/v1/namespaces/monitoring/deployments/kube-prometheus-stack-grafana"


# The rehearsal and the runbooks walk this way each time; here it is walked for both credentials, leases waited for.
@pytest.mark.proof
@pytest.mark.parametrize("credential", ["static", "dynamic"])
def test_grafana_moves_to_its_new_login_and_back_and_its_secret_is_there_all_along(
    credential: str, lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    until("Grafana", lambda: _ready(lab), 600)
    until("its Secret", lambda: lab.get(SECRET), 300)
    operator = seated(lab, tmp_path, capsys, monkeypatch)
    with watching(lab, SECRET) as seen:
        digest = operator.approved("phase1", tmp_path / "plan.json", "--credential", credential)
        with _suspended(lab):
            assert operator.go_on(digest, lambda reason: "suspended" in reason) == "held"
            assert not _agents(lab)
        assert operator.go_on(digest) == "done"
        assert _agents(lab)
        assert "ownerReferences" not in lab.get(SECRET)["metadata"]

        assert operator.type("rollback") in {0, 4, 7}
        assert operator.go_on(digest) == "rolled-back"

    assert not _agents(lab)
    assert len(seen) == 1
    assert "gone" not in seen
    for canary in ("vault-root", "eso-token", "postgres-admin"):
        _nowhere(lab.world.credential(canary).read_bytes(), tmp_path / "state", tmp_path / "plan.json")


def _ready(lab: Lab) -> bool:
    found = lab.get(DEPLOYMENT)
    return bool(found and found["status"].get("readyReplicas"))


@contextmanager
def _suspended(lab: Lab) -> Iterator[None]:
    fault = faults.named("flux-suspended", lab.world)
    fault.begin(lab.world)
    try:
        yield
    finally:
        fault.end(lab.world)


def _agents(lab: Lab) -> list[str]:
    """Grafana's living pods that have the agent."""
    pods = lab.get("/api/v1/namespaces/monitoring/pods")["items"]
    return [
        pod["metadata"]["name"]
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
        and any(one["name"] == "vault-agent" for one in pod["spec"]["containers"])
    ]


def _nowhere(secret: bytes, *places: Path) -> None:
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*")) if file.is_file()]
    assert files
    for file in files:
        assert secret not in file.read_bytes(), file
