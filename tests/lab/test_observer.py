"""What the observer of a rehearsal excuses, and what it does not."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from migrate.lab import observer as module
from migrate.lab.observer import BOUND, Failure, Observer, Pod, Rotation

SETTINGS = {
    "deployment": "apps/grafana",
    "container": "grafana",
    "path": "/query",
    "secret": "apps/db",
    "login": "new",
    "owner": "old",
}


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> Observer:
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    found = Observer(SETTINGS, io.StringIO())
    found.seen.answered = found.seen.looks = 1
    found.seen.pods["1"] = Pod("grafana-1", "http://127.0.0.1:1/query", ready=True, agent=True, restarts=0)
    return found


def pod(name: str, *, ready: bool = True, restarts: int = 0, going: bool = False) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "uid": name, **({"deletionTimestamp": "now"} if going else {})},
        "spec": {"containers": [{"name": "grafana", "ports": [{"containerPort": 3000}]}, {"name": "vault-agent"}]},
        "status": {
            "podIP": "10.0.0.1",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [{"name": "grafana", "restartCount": restarts, "state": {"running": {}}}],
        },
    }


def test_a_query_that_fails_although_a_replica_is_up_is_counted(watching: Observer) -> None:
    watching.seen.failures.append(Failure(100.0, 100.1, [], "refused"))
    assert len(watching.unexcused()[0]) == 1
    found = watching.answer("there", {})
    assert not found["ok"]
    assert "although a replica was up" in found["wrong"][0]


def test_a_pod_that_was_on_its_way_out_is_not_up(watching: Observer) -> None:
    down: list[float] = []
    watching.seen.failures.append(Failure(100.0, 100.1, down, "refused"))
    down.append(102.0)  # the cluster says so a moment later
    assert watching.unexcused() == ([], 0)


@pytest.mark.parametrize(("at", "excused"), [(101.0, 1), (99.0, 0), (100.0 + BOUND + 1, 0)])
def test_the_gap_between_rotation_and_restart_is_the_only_exception(
    watching: Observer, at: float, excused: int
) -> None:
    watching.seen.rotations.append(Rotation(100.0))
    watching.seen.failures.append(Failure(at, at + 0.1, [], "password"))
    assert watching.unexcused()[1] == excused
    assert len(watching.unexcused()[0]) == 1 - excused


def test_a_restart_that_comes_too_late_is_told(watching: Observer) -> None:
    watching.seen.rotations.append(Rotation(100.0, restarted=100.0 + BOUND + 5))
    assert "passed between a rotation and the restart" in watching.answer("there", {})["wrong"][0]


def test_a_rotation_that_no_pod_took_notice_of_is_told(watching: Observer) -> None:
    watching.seen.rotations.append(Rotation(100.0, frozenset({"1"})))
    assert "a rotation was followed by no restart" in watching.answer("there", {})["wrong"]
    watching.seen.pods.clear()  # they were replaced, and the new ones have read the new password
    assert "a rotation was followed by no restart" not in watching.answer("back", {})["wrong"]


def test_silence_is_no_proof(watching: Observer) -> None:
    assert watching.answer("there", {})["ok"]
    assert watching.answer("back", {})["wrong"] == [
        "no query was answered since the last mark",
        "the database was not looked at since the last mark",
    ]


def test_what_is_no_longer_watched_is_not_called_well(watching: Observer) -> None:
    def broken() -> None:
        raise ValueError("half a line")

    watching._seeing(broken)
    assert "broken are no longer watched: ValueError" in watching.answer("there", {})["wrong"]


def test_a_restart_is_counted_and_measured_from_the_rotation(watching: Observer) -> None:
    watching._pod("ADDED", pod("grafana-2"))
    watching._look("1000.0", "731", "old=true,new=true", "new=2")
    watching._look("1001.5", "732", "old=true,new=true", "new=2")
    watching._pod("MODIFIED", pod("grafana-2", restarts=1))
    found = watching.answer("there", {"agent": True, "logins": {"old": True}, "sessions": {"new": True, "old": False}})
    assert (found["rotations"], found["restarts"], len(found["gaps"])) == (1, 1, 1)


def test_a_secret_that_changes_or_goes_is_told_and_its_data_is_nowhere(watching: Observer) -> None:
    log = io.StringIO()
    watching._log = log
    held = {"metadata": {"uid": "1"}, "data": {"password": "Y2FuYXJ5LTVjMWY="}}
    watching._held("ADDED", held)
    watching._held("MODIFIED", {**held, "metadata": {"uid": "1", "labels": {}}})
    assert watching.seen.secrets == ["there"]
    watching._held("MODIFIED", {**held, "data": {"password": "b3RoZXI="}})
    watching._held("DELETED", held)
    assert watching.seen.secrets == ["there", "changed", "gone"]
    assert "Y2FuYXJ5" not in log.getvalue()
    assert "b3RoZXI" not in json.dumps(watching.answer("done", {}))


def test_a_pod_that_only_stops_being_ready_was_up(watching: Observer) -> None:
    watching._pod("ADDED", pod("grafana-2"))
    known = watching.seen.pods["grafana-2"]
    watching._pod("MODIFIED", pod("grafana-2", ready=False))
    assert known.down == []


def test_a_pod_that_is_gone_is_no_longer_asked(watching: Observer) -> None:
    watching._pod("ADDED", pod("grafana-2"))
    watching._pod("MODIFIED", pod("grafana-2", going=True))
    assert not watching.seen.pods["grafana-2"].ready
    watching._pod("DELETED", pod("grafana-2", going=True))
    assert "grafana-2" not in watching.seen.pods
