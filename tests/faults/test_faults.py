"""Servers break under a run: it holds or settles, never guesses, and ends forward or back.

On a lab of its own, without pods. `make proof` (MIGRATE_PROOF=all) does all of it and prints how much that was.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from migrate.lab import faults, ports
from migrate.model.json import Json, mapping
from migrate.model.plan import STAGES
from tests.faults.another import Another
from tests.faults.between import TROUBLES, Between, Trouble, between
from tests.faults.canaries import arguments, leaks, rotated, secrets_of, texts
from tests.faults.cases import CASES, PHASE1, PHASE2, PHASE3, PHASE4, Case
from tests.faults.conftest import TOLD
from tests.faults.walk import CODES, Walk, walking
from tests.labworld import Lab, broken

pytestmark = [pytest.mark.lab(level="control"), pytest.mark.timeout(1800)]

ALL = os.environ.get("MIGRATE_PROOF") == "all"
STANDING = (
    *("vault-sealed", "vault-stopped", "vault-cut", "postgres-stopped", "postgres-restarted", "postgres-cut"),
    *("external-secrets-stopped", "source-controller-stopped", "kustomize-controller-stopped"),
    *("helm-controller-stopped", "injector-stopped", "eso-token-expired", "flux-suspended"),
)
"""Faults that last until somebody mends them."""
EDITED = [(PHASE1, stage) for stage in ((*STAGES, "done") if ALL else ("cutover",))]
"""Before which stage somebody edits what a run made."""
if ALL:
    EDITED += [(PHASE2, stage) for stage in ("contract", "done")] + [(PHASE4, "contract")]


@pytest.fixture
def gate(world: Lab) -> Iterator[Between]:
    host = world.world.address
    with between(host, ports.VAULT, world.world.credential("ca.crt").parent) as found:
        yield found


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("trouble", TROUBLES if ALL else ("lost",))
def test_every_write_meets_trouble_once_and_the_run_arrives_there_and_back(
    world: Lab, gate: Between, trouble: Trouble, case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    walk = walking(world, case, tmp_path, capsys, monkeypatch, gate.address)
    gate.trouble = trouble
    with arguments() as seen:
        _there_and_back(walk)
    assert len(gate.struck) == _way(case)[1], gate.struck
    TOLD.append(f"faults: {case}, {trouble} over {len(gate.struck)} writes to Vault, there and back")
    TOLD.append(f"canaries: {_nowhere(walk, seen)}")


def _way(case: Case) -> tuple[str, int]:
    """How far it goes before it goes back, and the requests that write to Vault then."""
    return case.far if ALL else case.near


def _there_and_back(walk: Walk) -> None:
    walk.begin()
    walk.forward(_way(walk.case)[0])
    assert len(walk.made()) == walk.case.made
    walk.secrets |= rotated(walk.lab)
    walk.back()
    assert walk.made() == walk.case.stays
    _taken_once(walk)


@pytest.mark.proof
def test_a_certificates_writes_meet_trouble_once_and_no_private_key_is_anywhere(
    world: Lab, gate: Between, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = walking(world, PHASE3, tmp_path, capsys, monkeypatch, gate.address)
    gate.trouble = "lost"
    with arguments() as seen:
        _there_and_back(walk)
    assert len(gate.struck) == _way(PHASE3)[1], gate.struck
    assert {one.partition(" /v1/")[2].partition("/")[0] for one in gate.struck} >= {"pki", "sys", "auth"}
    TOLD.append(f"faults: {PHASE3}, lost over {len(gate.struck)} writes to Vault, there and back")
    TOLD.append(f"canaries: {_nowhere(walk, seen)}")


def _nowhere(walk: Walk, seen: set[bytes]) -> str:
    """No secret of the lab is in anything that the tool wrote, said or called others with."""
    for words in (("log",), ("verify",), ("status",), ("report", "-o", str(walk.folder / "report.html"))):
        walk.operator.type(*words)
    assert walk.operator.type("export-rollback", "-o", str(walk.folder / "way-back")) == 0
    secrets = secrets_of(walk.lab) | walk.secrets
    files = texts(walk.folder, {"token", "dsn"})
    walk.operator.said()
    places = {**files, "said": "".join(walk.ear.heard).encode()}
    places |= {f"arguments {number}": one for number, one in enumerate(seen)}
    assert any(name.endswith("journal.jsonl") for name in files)
    assert leaks(secrets, places) == []
    assert leaks(secrets, {"planted": b"x" + secrets["key vault-root"] + b"y"}) == ["planted: key vault-root"]
    return f"{len(secrets)} secrets in {len(files)} files and {len(seen)} command lines: none"


@pytest.mark.proof
@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("name", ["vault-sealed", "vault-stopped", "postgres-stopped", "postgres-restarted"])
def test_a_server_that_goes_in_the_moment_of_each_write_is_waited_for(
    world: Lab, gate: Between, name: str, case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fault, broken = faults.named(name, world.world), Event()

    def strike() -> None:
        fault.begin(world.world)
        broken.set()

    def mend() -> None:
        if broken.is_set():
            fault.end(world.world)
            broken.clear()

    walk = walking(world, case, tmp_path, capsys, monkeypatch, gate.address)
    walk.mend, gate.trouble, gate.strike = mend, "strike", strike
    try:
        _there_and_back(walk)
    finally:
        mend()
    assert len(gate.struck) == _way(case)[1], gate.struck
    TOLD.append(f"faults: {case}, {name} in the moment of each of {len(gate.struck)} writes, there and back")


def _taken_once(walk: Walk) -> None:
    """Nothing was reported done twice, and what was unknown was settled."""
    events = [(str(one["type"]), mapping(one["data"])) for one in walk.events()]
    done = [(data["step"], data["way"]) for kind, data in events if kind == "step.applied"]
    assert len(done) == len(set(done))
    open_ = {data["step"] for kind, data in events if kind == "step.unknown"}
    assert open_ <= {data["step"] for kind, data in events if kind in {"step.applied", "step.settled"}}


@pytest.mark.proof
@pytest.mark.parametrize("case", CASES, ids=str)
# A connection that a broken server leaves hanging is closed by whoever collects it.
@pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_whatever_stands_still_at_every_stage_the_run_waits_and_goes_on_when_it_is_mended(
    world: Lab, gate: Between, case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    walk = walking(world, case, tmp_path, capsys, monkeypatch, gate.address)
    tried = Counter[str]()

    def under_each(where: str, *words: str) -> None:
        for name in STANDING:
            with broken(world, name):
                code = walk.operator.type(*words)
                assert code in CODES, (where, name, code, walk.operator.said())
                walk.operator.standing()
            tried[where] += 1

    def held(state: dict[str, Json]) -> None:
        where = f"{'back, ' if walk.returning else ''}before {state['stage']}"
        if where not in tried:
            under_each(where, "resume", "--approve", walk.digest)

    walk.held = held
    _begun(walk, gate, monkeypatch, "expand")
    walk.forward(case.far[0])
    held(walk.operator.standing())
    walk.secrets |= rotated(world)
    under_each("at its end, verify", "verify")
    under_each("at its end, rollback", "rollback")
    walk.back()
    assert walk.made() == walk.case.stays
    assert walk.operator.standing()["state"] == "rolled-back"
    _taken_once(walk)
    counted = ", ".join(f"{count} {where}" for where, count in tried.items())
    TOLD.append(f"faults: {case}, {len(STANDING)} servers broken under {tried.total()} commands: {counted}")
    TOLD.append(f"canaries: {_nowhere(walk, set())}")
    assert {f"before {stage}" for stage in case.stands} <= set(tried), tried


def _begun(walk: Walk, gate: Between, set_: pytest.MonkeyPatch, stage: str) -> None:
    """What comes next is of this stage. In expand logins are made, and Vault was sealed under the first write to it."""
    sealed = faults.named("vault-sealed", walk.lab.world)
    if stage == "expand":
        gate.trouble, gate.strike = "strike", lambda: sealed.begin(walk.lab.world)
    walk.begin()
    sealed.end(walk.lab.world)
    set_.delenv("MIGRATE_VAULT_ADDRESS")
    walk.forward(stage)
    state = walk.operator.standing()
    assert stage in {state["stage"], state["state"]}, state


@pytest.mark.parametrize(("case", "stage"), EDITED, ids=str)
def test_what_another_operator_edits_meanwhile_is_named_and_kept_until_they_take_it_back(
    world: Lab,
    gate: Between,
    case: Case,
    stage: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walk = walking(world, case, tmp_path, capsys, monkeypatch, gate.address)
    _begun(walk, gate, monkeypatch, stage)
    they = Another(walk)
    edits = they.edits()
    walk.operator.type("resume", "--approve", walk.digest)

    state = walk.back_as_far_as_it_goes()
    assert they.finds_their_work()
    if stage == "expand":  # the run made neither, so there is nothing that it would keep
        assert state["state"] == "rolled-back"
    else:
        assert "somebody changed" in str(mapping(state["held"])["reason"])
    they.takes_back()
    walk.back()
    assert walk.made() == walk.case.stays
    assert they.value_stays()
    _taken_once(walk)
    TOLD.append(
        f"faults: {edits} edits of another operator before {stage} of {case}, kept, and the way back to its end"
    )


@pytest.mark.proof
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_token_that_has_expired_is_said_so_and_a_new_one_goes_on(
    world: Lab, case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = walking(world, case, tmp_path, capsys, monkeypatch)
    walk.begin()
    token = (tmp_path / "token").read_text()
    world.vault.ask("POST", "/v1/auth/token/revoke", {"token": token})
    assert walk.operator.type("resume") == 3
    assert "expired, revoked" in walk.operator.said()
    walk.bear("migrate-apply", "policies", "show", "apply", str(tmp_path / "plan.json"))
    walk.forward(case.near[0])
    assert len(walk.made()) == case.made
    walk.back()
    assert walk.made() == walk.case.stays


@pytest.mark.proof
def test_a_value_that_somebody_writes_meanwhile_holds_the_run_and_its_token_shows_no_value(
    world: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = walking(world, PHASE2, tmp_path, capsys, monkeypatch)
    walk.begin()
    (pins,) = [gate["about"]["pins"] for gate in _plan(walk)["gates"] if gate["id"] == "kv.pinned"]
    path, pin = next(iter(json.loads(pins).items()))
    walk.forward("contract")
    held = world.vault.ask("GET", f"/v1/{path}")["data"]["data"]
    world.vault.ask("POST", f"/v1/{path}", {"data": held | {"beside": "written-canary-5e1"}})

    assert walk.operator.type("resume") == 4

    state = mapping(walk.operator.standing()["held"])
    assert state["by"] == "kv.pinned"
    assert f"{path} is at version {pin['version'] + 1}, written at" in str(state["reason"])
    assert f"the plan was made with version {pin['version']}" in str(state["reason"])
    walk.secrets["what was written beside"] = b"written-canary-5e1"
    walk.back()
    assert walk.made() == walk.case.stays
    with arguments() as seen:
        TOLD.append(f"canaries: {_nowhere(walk, seen)}")
    world.vault.ask("POST", f"/v1/{path}", {"data": held})


def _plan(walk: Walk) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((walk.folder / "plan.json").read_text())
    return found
