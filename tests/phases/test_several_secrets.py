"""Several Secrets of one workload: watched side by side, and retired together, in commits that touch a file twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.fixtures import Seated
from tests.harness.operator import Operator
from tests.planning.secrets.estates import container, estate, external, workload

SECRETS = ("one", "two", "three")
SOAK = 4


def of_a_file_each(folder: Path) -> Path:
    """A workload that mounts three Secrets which nobody else reads, and one kustomization that lists all."""
    return estate(folder, _reader(), *(external(name, "token") for name in SECRETS))


def of_one_file(folder: Path) -> Path:
    """The same, their ExternalSecrets in one file."""
    made = estate(folder, _reader(), external(SECRETS[0], "token"))
    others = (yaml.safe_dump(external(name, "token"), sort_keys=False) for name in SECRETS[1:])
    file = made / f"externalsecret-{SECRETS[0]}.yaml"
    file.write_text("---\n".join((file.read_text(), *others)))
    return made


def _reader() -> dict[str, Any]:
    held = container(volumeMounts=[{"name": name, "mountPath": f"/etc/{name}"} for name in SECRETS])
    return workload(held, volumes=[{"name": name, "secret": {"secretName": name}} for name in SECRETS])


@pytest.mark.timeout(300)
def test_three_secrets_of_a_workload_are_retired_after_one_soak(seated: Seated, tmp_path: Path) -> None:
    one = begun(seated, of_a_file_each(tmp_path / "estate"), soak=SOAK)
    clocks = noted(one, "gate.soaking")
    assert len(clocks) == 2 * len(SECRETS)
    assert noted(one, "gate.passed").keys().isdisjoint(clocks)
    time.sleep(max(0, (max(clocks.values()) - datetime.now().astimezone()).total_seconds()) + SOAK + 1)
    assert (said := one.run("resume")).code == 4, said.out + said.err
    assert clocks.keys() <= noted(one, "gate.passed").keys()


@pytest.mark.parametrize("made", [of_a_file_each, pytest.param(of_one_file, marks=pytest.mark.proof)])
def test_what_one_commit_does_to_a_file_at_several_places_goes_there_and_back(
    seated: Seated, tmp_path: Path, made: Callable[[Path], Path]
) -> None:
    one = begun(seated, made(tmp_path / "estate"), soak=0)
    assert (said := one.forward()).code == 0, said.out + said.err
    assert "externalsecret" not in one.git("ls-files") + (one.estate / "kustomization.yaml").read_text()
    assert (said := one.back()).code == 0, said.out + said.err
    assert one.git("diff", "--stat", one.git("rev-list", "--max-parents=0", "HEAD").strip(), "HEAD") == ""


def begun(seated: Seated, made: Path, *, soak: int) -> Operator:
    """Cut over, and agreed to for the contract stage."""
    one = seated()
    one.begin(made, f"soak: {{cutover: {soak}s, contract: {soak}s}}\n")
    assert (said := one.planned(phase="phase2")).code == 0, said.err
    one.apply()
    one.merge()
    assert (said := one.run("resume", "--approve", one.digest)).code == 4, said.out + said.err
    return one


def noted(one: Operator, kind: str) -> dict[str, datetime]:
    """When the run wrote down records of this kind, by gate."""
    (journal,) = one.state.glob("*/runs/*/journal.jsonl")
    records: list[dict[str, Any]] = [json.loads(line) for line in journal.read_text().splitlines()]
    return {one["data"]["gate"]: datetime.fromisoformat(one["time"]) for one in records if one["type"] == kind}
