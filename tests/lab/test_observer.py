"""What the observer of a rehearsal excuses, and what it does not."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migrate.cli.rehearsing.application import value
from migrate.lab import observing
from migrate.lab.observing import observer as module
from migrate.lab.observing import values
from migrate.lab.observing.commands import Children, Log
from migrate.lab.observing.observer import Observer
from migrate.lab.observing.program import joined
from migrate.lab.observing.seen import BOUND, Failure, Pod, Rotation, unexcused

SETTINGS = {
    "deployment": "apps/grafana",
    "container": "grafana",
    "path": "/query",
    "secrets": ["apps/db"],
    "values": [],
    "login": "new",
    "owner": "old",
    "certificate": {},
    "column": {},
}


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def watching(log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> Observer:
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    found = Observer({**SETTINGS}, Log(log), Children())
    found.seen.answered = found.seen.looks = 1
    found.seen.pods["1"] = Pod("grafana-1", "http://127.0.0.1:1/query", ready=True, agent=True, restarts=0, up=True)
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
    assert len(unexcused(watching.seen)[0]) == 1
    found = watching.answer({})
    assert not joined("there", {"apps/grafana": found})["ok"]
    assert "although a replica was up" in found["wrong"][0]


def test_a_pod_that_was_on_its_way_out_is_not_up(watching: Observer) -> None:
    down: list[float] = []
    watching.seen.failures.append(Failure(100.0, 100.1, down, "refused"))
    down.append(102.0)  # the cluster says so a moment later
    assert unexcused(watching.seen) == ([], 0)


@pytest.mark.parametrize(("at", "excused"), [(101.0, 1), (99.0, 0), (100.0 + BOUND + 1, 0)])
def test_the_gap_between_rotation_and_restart_is_the_only_exception(
    watching: Observer, at: float, excused: int
) -> None:
    watching.seen.rotations.append(Rotation(100.0))
    watching.seen.failures.append(Failure(at, at + 0.1, [], "password"))
    assert unexcused(watching.seen)[1] == excused
    assert len(unexcused(watching.seen)[0]) == 1 - excused


def test_a_restart_that_comes_too_late_is_told(watching: Observer) -> None:
    watching.seen.rotations.append(Rotation(100.0, restarted=100.0 + BOUND + 5))
    assert "passed between a rotation and the restart" in watching.answer({})["wrong"][0]


def test_a_rotation_that_no_pod_took_notice_of_is_told(watching: Observer) -> None:
    watching.seen.rotations.append(Rotation(100.0, frozenset({"1"})))
    assert "a rotation was followed by no restart" in watching.answer({})["wrong"]
    watching.seen.pods.clear()  # they were replaced, and the new ones have read the new password
    assert "a rotation was followed by no restart" not in watching.answer({})["wrong"]


def test_silence_is_no_proof(watching: Observer) -> None:
    assert watching.answer({})["wrong"] == []
    assert watching.answer({})["wrong"] == [
        "no query was answered since the last mark",
        "the database was not looked at since the last mark",
    ]


def test_what_is_no_longer_watched_is_not_called_well(watching: Observer) -> None:
    def broken() -> None:
        raise ValueError("half a line")

    watching.seeing("what it reads", broken)
    assert "what it reads of apps/grafana is no longer watched: ValueError" in watching.answer({})["wrong"]


def test_a_restart_is_counted_and_measured_from_the_rotation(watching: Observer) -> None:
    watching.pods.pod("ADDED", pod("grafana-2"))
    watching.database.look("1000.0", "731", "old=true,new=true", "new=2")
    watching.database.look("1001.5", "732", "old=true,new=true", "new=2")
    watching.pods.pod("MODIFIED", pod("grafana-2", restarts=1))
    found = watching.answer({"agent": True, "logins": {"old": True}, "sessions": {"new": True, "old": False}})
    assert (found["rotations"], found["restarts"], len(found["gaps"])) == (1, 1, 1)


def test_a_secret_that_changes_or_goes_is_told_and_its_data_is_nowhere(watching: Observer, log: io.StringIO) -> None:
    held = {"metadata": {"uid": "1"}, "data": {"password": "Y2FuYXJ5LTVjMWY="}}
    watching.pods.held("apps/db", "ADDED", held)
    watching.pods.held("apps/db", "MODIFIED", {**held, "metadata": {"uid": "1", "labels": {}}})
    assert watching.seen.became == [("apps/db", "there")]
    watching.pods.held("apps/db", "MODIFIED", {**held, "data": {"password": "b3RoZXI="}})
    watching.pods.held("apps/db", "DELETED", held)
    assert [state for _, state in watching.seen.became] == ["there", "changed", "gone"]
    assert "Y2FuYXJ5" not in log.getvalue()
    assert "b3RoZXI" not in json.dumps(watching.answer({}))


def test_a_pod_that_only_stops_being_ready_was_up(watching: Observer) -> None:
    watching.pods.pod("ADDED", pod("grafana-2"))
    known = watching.seen.pods["grafana-2"]
    watching.pods.pod("MODIFIED", pod("grafana-2", ready=False))
    assert known.down == []


def test_a_pod_that_is_gone_is_no_longer_asked(watching: Observer) -> None:
    watching.pods.pod("ADDED", pod("grafana-2"))
    watching.pods.pod("MODIFIED", pod("grafana-2", going=True))
    assert not watching.seen.pods["grafana-2"].ready
    watching.pods.pod("DELETED", pod("grafana-2", going=True))
    assert "grafana-2" not in watching.seen.pods


def replaced(watching: Observer) -> None:
    """Its only pod goes, and another one comes."""
    watching.seen.pods.clear()
    watching.pods.pod("ADDED", pod("grafana-2"))
    watching.pods.pod("MODIFIED", pod("grafana-2", going=True))
    watching.pods.pod("ADDED", pod("grafana-3"))


def test_a_moment_without_any_pod_is_told_unless_the_workload_itself_announces_it(watching: Observer) -> None:
    replaced(watching)
    assert "no pod of apps/grafana was up from" in watching.answer({})["wrong"][0]
    assert len(watching.answer({})["absent"]) == 1
    watching.seen.absences[0].announced = True  # strategy: Recreate
    assert not any("was up from" in why for why in watching.answer({})["wrong"])


def test_a_restart_that_a_rotation_brings_is_announced(watching: Observer) -> None:
    replaced(watching)
    at = watching.seen.absences[0].at
    watching.seen.rotations.append(Rotation(at - 5, restarted=at + 1))
    assert not any("was up from" in why for why in watching.answer({})["wrong"])


def test_a_late_probe_takes_nobodys_service_away(watching: Observer) -> None:
    watching.seen.pods.clear()
    watching.pods.pod("ADDED", pod("grafana-2"))
    watching.pods.pod("MODIFIED", pod("grafana-2", ready=False))
    assert watching.seen.absences == []


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([("MODIFIED", {"ready": False}), ("MODIFIED", {})], "grafana-2 stopped being ready"),
        ([("MODIFIED", {"restarts": 1})], "grafana-2 was restarted"),
        ([("MODIFIED", {"going": True}), ("DELETED", {"going": True})], "grafana-2 went"),
    ],
)
def test_an_outage_is_lived_through_only_by_pods_that_were_ready_all_along(
    watching: Observer, events: list[tuple[str, dict[str, Any]]], why: str
) -> None:
    watching.pods.pod("ADDED", pod("grafana-2"))
    watching.answer({})  # there
    watching.pods.pod("MODIFIED", pod("grafana-2"))
    stayed = "although all were to stay ready"
    assert not any(stayed in one for one in watching.answer({"pods": "stayed"})["wrong"])
    for how, words in events:
        watching.pods.pod(how, pod("grafana-2", **words))
    assert f"{why} {stayed}" in watching.answer({"pods": "stayed"})["wrong"]


def test_a_job_whose_time_comes_in_an_outage_stirred_nothing(log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    found = Observer({**SETTINGS, "deployment": "CronJob/apps/report", "login": "", "path": ""}, Log(log), Children())
    found.answer({})
    found.pods.pod("ADDED", pod("report-2"))
    assert found.seen.stirred
    assert not any("stay ready" in one for one in found.answer({"pods": "stayed"})["wrong"])


def test_a_cold_start_leaves_no_pod_that_was_warm(watching: Observer) -> None:
    before = "a pod of apps/grafana from before the last mark is still there"
    watching.answer({"allGo": True})
    watching.pods.pod("ADDED", pod("grafana-2"))
    assert before in watching.answer({"pods": "new"})["wrong"]
    watching.seen.pods.clear()
    watching.pods.pod("ADDED", pod("grafana-3"))
    assert before not in watching.answer({"pods": "new"})["wrong"]


@pytest.mark.parametrize("announced", [True, False])
def test_only_a_cold_start_that_was_announced_may_leave_a_moment_without_a_pod(
    watching: Observer, *, announced: bool
) -> None:
    watching.answer({"allGo": announced})
    replaced(watching)
    found = watching.answer({"pods": "new"})
    assert any("was up from" in why for why in found["wrong"]) is not announced
    assert found["upAgain"] == watching.seen.absences[-1].until
    replaced(watching)  # what comes after its mark is not announced any more
    assert any("was up from" in why for why in watching.answer({})["wrong"])


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What kubectl and vault say, by the last words of a command that matter."""
    said: dict[str, str] = {}
    monkeypatch.setattr(values, "said", lambda *words: said.get(words[-1] if words[0] == "vault" else words[4], ""))
    return said


@pytest.fixture
def reading(watching: Observer, servers: dict[str, str]) -> Callable[[str, str], list[str]]:
    """What is found wrong of values when a pod says that it has read this and Vault holds that."""
    watching.settings["values"] = ["secret/data/one"]

    def look(read: str, holds: str) -> list[str]:
        watching.seen.pods["1"].containers = ("grafana",)
        servers["grafana-1"] = f"lab-read {digest(read)} environment A\nlab-read-all\n"
        servers["secret/data/one"] = json.dumps({"data": {"data": {"a": holds}, "metadata": {}}})
        return [*watching.values.wrong()]

    return look


def test_what_was_read_before_the_plan_must_be_read_ever_after(
    watching: Observer, reading: Callable[[str, str], list[str]]
) -> None:
    assert reading("canary-7c", "canary-7c") == []
    assert watching.answer({})["read"] == ["secret/data/one#a"]
    assert reading("canary-7c\n", "canary-7c") == ["grafana-1/grafana has not read secret/data/one#a as Vault holds it"]


def test_a_value_that_somebody_changed_in_vault_is_told(reading: Callable[[str, str], list[str]]) -> None:
    assert reading("canary-7c", "canary-7c") == []
    assert "Vault holds another value at secret/data/one#a" in reading("canary-8d", "canary-8d")


def test_a_workload_that_shows_nothing_of_what_vault_holds_proves_nothing(
    watching: Observer, reading: Callable[[str, str], list[str]]
) -> None:
    assert reading("something else", "canary-7c") == ["nothing that Vault holds is seen to be read by apps/grafana"]
    assert watching.values.unshown() == ["secret/data/one#a"]


def test_a_pod_that_lived_and_told_nothing_is_told(
    watching: Observer, servers: dict[str, str], reading: Callable[[str, str], list[str]]
) -> None:
    assert reading("canary-7c", "canary-7c") == []
    watching.seen.pods["2"] = Pod("grafana-2", "", ready=True, agent=True, restarts=0, up=True, containers=("grafana",))
    assert [*watching.values.wrong()] == ["what grafana-2/grafana has read is not known"]
    servers["grafana-2"] = servers["grafana-1"]
    assert [*watching.values.wrong()] == []


def test_what_a_job_has_read_is_compared_although_nobody_saw_it_live(
    watching: Observer, servers: dict[str, str], reading: Callable[[str, str], list[str]]
) -> None:
    assert reading("canary-7c", "canary-7c") == []
    gone = {"ready": False, "agent": False, "restarts": 0, "up": False, "containers": ("grafana",)}
    watching.seen.pods["2"] = Pod("grafana-2", "", **gone)  # type: ignore[arg-type]
    assert [*watching.values.wrong()] == []
    servers["grafana-2"] = f"lab-read {digest('another')} file /a\nlab-read-all\n"
    assert [*watching.values.wrong()] == ["grafana-2/grafana has not read secret/data/one#a as Vault holds it"]


def test_half_a_reading_says_nothing() -> None:
    log = f"hello\nlab-read {digest('a')} file /a\nlab-read-all\nlab-read {digest('b')} file /b\n"
    assert list(values.whole(log)) == [{digest("a")}]


KUBECTL = """#!/bin/sh
case "$*" in
  *"get deployment"*) echo '{"spec": {"selector": {"matchLabels": {"app": "shop"}}}}' ;;
  *"logs shop-1"*) printf '%s\\n' 'lab-read DIGEST environment A' lab-read-all ;;
  *"get secret "*) echo secret/keys ;;
  *"pods"*"--watch"*) echo '{"type": "ADDED", "object": POD}'; exec sleep 60 ;;
  *"secrets"*"--watch"*) echo '{"type": "ADDED", "object": {"metadata": {"uid": "1"}, "data": {}}}'; exec sleep 60 ;;
esac
"""
VAULT = """#!/bin/sh
[ "$*" = "read -format=json secret/data/one" ] && echo '{"data": {"data": {"a": "canary-7c"}, "metadata": {}}}'
"""


SHOWS = {"files": ["/v/pair.pem", "/v/all.pem"], "host": "db.apps.svc", "database": "shop", "role": "old"}
POD = """#!/bin/sh
case "$*" in *pair.pem*) cat "$HOME/pair" ;; *) echo "-----BEGIN CERTIFICATE-----" ;; esac
"""
DOOR = """#!/bin/sh
[ -n "$PGSSLCERT" ] && [ "$PGUSER" = new ] || exit 2
[ "$PGHOST" = db.apps.svc ] || { echo "server certificate does not match host name" >&2; exit 2; }
[ -e "$HOME/shut" ] && { echo "FATAL: certificate authentication failed" >&2; exit 2; }
echo "new|old"
"""


@pytest.fixture
def stranger(watching: Observer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Observer:
    for name, text in (("kubectl", POD), ("psql", DOOR)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    for variable, text in (("HOME", str(tmp_path)), ("PATH", f"{tmp_path}:{os.environ['PATH']}"), ("PGHOST", "::1")):
        monkeypatch.setenv(variable, text)
    watching.settings["certificate"] = SHOWS
    (tmp_path / "pair").write_text("100\n-----BEGIN CERTIFICATE-----one")
    return watching


def test_what_a_pod_shows_opens_the_database_for_anybody_who_has_it_and_for_nobody_else(stranger: Observer) -> None:
    assert [*stranger.certificates.wrong(True, 0)] == [
        "nobody has logged in with a pod's certificate since the last mark"
    ]
    stranger.certificates.look()
    assert [*stranger.certificates.wrong(True, 0)] == []
    assert (stranger.certificates.logins, len(stranger.certificates.shown)) == (1, 1)


def test_a_certificate_that_still_opens_after_the_way_back_is_told(stranger: Observer, tmp_path: Path) -> None:
    assert [*stranger.certificates.wrong(False, 0)] == []
    stranger.certificates.look()
    assert [*stranger.certificates.wrong(False, 0)] == ["a certificate that was copied before still opens the database"]
    (tmp_path / "shut").touch()
    assert [*stranger.certificates.wrong(False, 0)] == []
    stranger.certificates.look()
    assert "refused" in stranger.answer({})["wrong"][0]


def test_another_certificate_is_a_renewal_and_its_restart_may_be_seen_before_it(
    stranger: Observer, tmp_path: Path
) -> None:
    stranger.certificates.look()
    stranger.seen.pods["1"].down.append(200.4)
    (tmp_path / "pair").write_text("200\n-----BEGIN CERTIFICATE-----two")
    stranger.certificates.look()
    assert stranger.seen.rotations == [Rotation(200.0, frozenset({"1"}), 200.4)]


COLUMN = {"database": "notes", "relation": "public.entries", "plain": "body", "sealed": "body_sealed", "rows": 2}
TABLE = """#!/bin/sh
case "$*" in *pg_attribute*) cat "$HOME/names" ;; *pg_trigger*) echo 0 ;; *) cat "$HOME/rows" ;; esac
"""
OPENER = """#!/usr/bin/env python3
import base64, json, sys
asked = json.load(sys.stdin)["batch_input"]
texts = [one["ciphertext"].partition("vault:v1:")[2] for one in asked]
found = [{"plaintext": base64.b64encode(text.encode()).decode()} if text else {"error": "no"} for text in texts]
print(json.dumps({"data": {"batch_results": found}}))
"""


def said(row: int, count: int) -> str:
    return value(b"mark", row, count)


@pytest.mark.parametrize(
    ("wanted", "names", "rows", "why"),
    [
        ("plain", "id body", [f"1|{said(1, 0)}|", f"2|{said(2, 7)}|"], ""),
        ("sealed", "id body body_sealed", [f"1||vault:v1:{said(1, 3)}", f"2|{said(2, 7)}|vault:v1:{said(2, 7)}"], ""),
        ("dropped", "id body_sealed", [f"1||vault:v1:{said(1, 3)}", f"2||vault:v1:{said(2, 7)}"], ""),
        ("dropped", "id body body_sealed", [], "which is not dropped"),
        ("sealed", "id body body_sealed", [f"1|{said(1, 0)}|", f"2||vault:v1:{said(2, 7)}"], "row 1 is not sealed"),
        ("dropped", "id body_sealed", [f"1||vault:v1:{said(1, 3)}", "2||lost"], "does not open what row 2 holds"),
        ("dropped", "id body_sealed", [f"1||vault:v1:{said(2, 3)}", f"2||vault:v1:{said(2, 3)}"], "none of its values"),
        ("plain", "id body", [f"1|{said(1, 0)}|"], "has 1 rows instead of 2"),
        (
            "sealed",
            "id body body_sealed",
            [f"1|{said(1, 4)}|vault:v1:{said(1, 3)}", f"2||vault:v1:{said(2, 3)}"],
            "one thing as plaintext and another as ciphertext",
        ),
    ],
)
def test_a_column_says_what_was_written_there_however_it_is_held(
    watching: Observer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wanted: str,
    names: str,
    rows: list[str],
    why: str,
) -> None:
    for name, text in (("psql", TABLE), ("vault", OPENER)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    for variable, text in (("HOME", str(tmp_path)), ("PATH", f"{tmp_path}:{os.environ['PATH']}")):
        monkeypatch.setenv(variable, text)
    (tmp_path / "names").write_text(names.replace(" ", "\n"))
    (tmp_path / "rows").write_text("\n".join(rows))
    watching.settings["column"] = {**COLUMN, "key_column": "id", "key": "transit/keys/one", "mark": "mark"}
    found = [*watching.columns.wrong(wanted)]
    assert (len(found), why in "".join(found)) == (1 if why else 0, True)
    if not why:
        watching.columns.counts["2"] = 9
        assert "older than it was" in "".join(watching.columns.wrong(wanted))


def test_it_runs_by_itself_with_nothing_but_the_operators_own_programs(tmp_path: Path) -> None:
    shown = json.dumps(pod("shop-1")).replace("grafana", "shop")
    for name, text in (
        ("kubectl", KUBECTL.replace("POD", shown).replace("DIGEST", digest("canary-7c"))),
        ("vault", VAULT),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    nothing = {"container": "", "path": "", "login": "", "owner": "", "certificate": {}, "column": {}}
    one = {"deployment": "apps/shop", "secrets": ["apps/keys"], "values": ["secret/data/one"], **nothing}
    (tmp_path / "settings.json").write_text(json.dumps([one]))
    place = str(Path(observing.__file__).parents[1])
    words = ["--settings", str(tmp_path / "settings.json"), "--log", str(tmp_path / "log")]
    done = subprocess.run(
        [sys.executable, "-I", "-c", observing.LAUNCH, place, *words],
        input=json.dumps({"mark": "there", "expect": {"apps/shop": {"agent": True, "secret": True}}}) + "\n",
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout)
    assert (found["ok"], found["read"], found["secret"]) == (True, {"apps/shop": ["secret/data/one#a"]}, "there"), found
    assert "canary" not in (tmp_path / "log").read_text()
