"""What `migrate scan` says after every merge of phase 1 and phase 2: what is left, and what became of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from migrate.cli.demo import example
from migrate.estate.report import document
from tests.estate.trees import FIRST_USER, load, scan
from tests.harness.fixtures import Seated
from tests.harness.operator import Operator

ESTATES = {
    "example": (example(), ("apps/reader", "apps/ledger")),
    "first user": (
        FIRST_USER,
        ("dex/dex", "auth/oauth2-proxy", "cloudflare-ddns/cloudflare-ddns", "ai-agents/openclaw"),
    ),
}
TOTALS = ("externalSecrets", "ready", "adapt", "code", "keep", "orphan")
LEFT = {"example": (10, 0, 3, 1, 4, 2), "first user": (16, 0, 0, 1, 13, 2)}
"""What is left once these have moved: of the first user's nothing that a phase can move."""


@pytest.mark.parametrize("name", ESTATES)
@pytest.mark.timeout(600)
def test_after_every_step_scan_says_what_is_left_and_who_is_served_instead(seated: Seated, name: str) -> None:
    estate, workloads = ESTATES[name]
    if not estate.is_dir():
        pytest.skip("the estates that lie beside the project are absent")
    one = seated()
    one.begin(estate)
    before = _scan(one)
    moving = {_id(secret) for secret in before["secrets"] if secret["verdict"] in {"ready", "adapt"}}
    lost = {_id(secret) for secret in before["secrets"] if secret["verdict"] == "orphan"}
    for step in _steps(one, workloads):
        _accounted_for(step, moving, lost)
    assert tuple(step["totals"][word] for word in TOTALS) == LEFT[name]
    assert {_who(served) for served in step["served"]} >= {*workloads}
    assert all(served["fetched"] and not served["secrets"] for served in step["served"])


def _accounted_for(step: dict[str, Any], moving: set[str], lost: set[str]) -> None:
    """What was to move is read as before, served by the agent, or gone; what nobody read is never called served."""
    secrets = {_id(secret): secret for secret in step["secrets"]}
    assert sum(step["totals"][word] for word in TOTALS[1:]) == step["totals"]["externalSecrets"] == len(secrets)
    copied = {name for served in step["served"] for name in served["secrets"]}
    for name in moving & {*secrets}:
        if secrets[name]["verdict"] == "orphan":
            # The login of phase 1 is another than the one that is copied: the tree does not say what it came for.
            wanted = "orphan.served-by-agent" if name in copied else "orphan.served-beside"
            assert wanted in _codes(secrets[name])
    assert not any("orphan.served-by-agent" in _codes(secrets[name]) for name in lost)


def _steps(one: Operator, workloads: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The scan after every merge, and at the end of each phase."""
    chosen = [word for name in workloads for word in ("--only", name)]
    for phase, words in (("phase1", []), ("phase2", chosen)):
        assert (said := one.planned(*words, phase=phase)).code == 0, said.err
        said = one.apply()
        while said.code == 4:
            one.merge()
            yield _scan(one)
            said = one.run("resume", "--approve", one.digest)
        assert said.code == 0, said.err
        yield _scan(one)


def _scan(one: Operator) -> dict[str, Any]:
    said: Any = document(scan(load(one.estate)), str(one.estate), None, dirty=False)
    return dict(said)


def _id(secret: dict[str, Any]) -> str:
    return f"{secret['namespace']}/{secret['name']}"


def _who(served: dict[str, Any]) -> str:
    return f"{served['namespace']}/{served['name']}"


def _codes(secret: dict[str, Any]) -> set[str]:
    return {reason["code"] for reason in secret["reasons"]}
