"""A phase walked on a lab by an operator with the tool's own two tokens, who looks what a command said and goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from migrate.lab import ports
from migrate.lab.web import Unwelcome
from migrate.model.json import Json, mapping
from tests.labworld import Lab
from tests.live.operator import KNOWN, Operator, Printed, seated

ENDED = ("done", "rolled-back")
CODES = {0, 1, 3, 4, 6, 7}
"""What a command may end with while servers are broken: done, nothing written, refused, held, stopped, incomplete."""
_PATIENCE = 300
_ROLES = ("sys/policies/acl/mig-monitoring-grafana{}", "auth/jwt/role/mig-monitoring-grafana{}")
_MADE = {
    "phase1": ("database/config/mig-grafana-pg", "database/static-roles/mig-grafana", *_ROLES),
    "phase3": ("pki/roles/mig-monitoring-grafana-cert", *_ROLES),
}
"""What a phase makes in Vault."""


class Ear:
    """Hears what commands print, and forgets nothing of it."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self.heard = capsys, list[str]()

    def readouterr(self) -> Printed:
        """What was printed since it was last asked."""
        found = self._capsys.readouterr()
        self.heard += [found.out, found.err]
        return found


@dataclass
class Walk:
    """One run, there and back."""

    operator: Operator
    folder: Path
    ear: Ear
    mend: Callable[[], None] = lambda: None
    """Done before each command: whatever was broken under the last one is made good."""
    digest: str = ""
    phase: str = "phase1"
    held: Callable[[dict[str, Json]], None] = lambda _state: None
    """Done wherever it stands, before it goes on."""
    secrets: dict[str, bytes] = field(default_factory=dict)
    """What must be nowhere, by what it is: the tokens it bore, and what a test adds."""

    @property
    def lab(self) -> Lab:
        return self.operator.lab

    def begin(self) -> None:
        """Plan with the token that only reads, then apply with the one that the plan's own policy is for."""
        self.bear("migrate-plan", "policies", "show", "plan")
        plan = self.folder / "plan.json"
        assert self.operator.type("plan", self.phase, "--live", "-o", str(plan)) == 0, self.operator.said()
        self.digest = str(json.loads(plan.read_text())["digest"])
        self.bear("migrate-apply", "policies", "show", "apply", str(plan))
        assert self.operator.type("apply", str(plan), "--approve", self.digest) in {0, 4, 6}, self.operator.said()
        self.mend()

    def bear(self, name: str, *words: str) -> None:
        """Log in with a policy that the tool writes, and with nothing else."""
        self.operator.said()
        assert self.operator.type(*words) == 0
        self.lab.vault.ask("PUT", f"/v1/sys/policies/acl/{name}", {"policy": self.operator.said()})
        asked = {"policies": [name], "no_default_policy": True, "no_parent": True, "ttl": "1h"}
        token = self.lab.vault.ask("POST", "/v1/auth/token/create", asked)["auth"]["client_token"]
        (self.folder / "token").write_text(str(token))
        self.secrets[f"token {name}"] = str(token).encode()

    def forward(self, to: str = "cutover", patience: float = _PATIENCE) -> None:
        """Go on until what comes next is of that stage, or all is done."""
        self._go_on(lambda state: state["stage"] == to, patience)

    def back_as_far_as_it_goes(self, patience: float = _PATIENCE) -> dict[str, Json]:
        """Take it back until it has ended, or stands before what somebody else made of it; where it then stands."""
        assert self.operator.type("rollback") in CODES
        self._go_on(lambda state: mapping(state["held"]).get("by") == "somebody else's changes", patience)
        return self.operator.standing()

    @property
    def returning(self) -> bool:
        """Whether it is on its way back."""
        return any(one["type"] == "run.turned" for one in self.events())

    def back(self, patience: float = _PATIENCE) -> None:
        """Take it back until it has ended."""
        self.mend()
        self.operator.type("rollback")
        self.mend()
        self._go_on(lambda _state: False, patience)

    def _go_on(self, there: Callable[[dict[str, Json]], bool], patience: float) -> None:
        end = time.monotonic() + patience
        while (state := self.operator.standing())["state"] not in ENDED and not there(state):
            assert time.monotonic() < end, state
            self.mend()
            self.held(state)
            held = mapping(state["held"])
            gate = str(held.get("by", ""))
            if gate.startswith("gitops.") and gate not in KNOWN:
                self.operator.merge()
            waive = ("--waive", gate, "--reason", KNOWN[gate]) if gate in KNOWN else ()
            code = self.operator.type("resume", "--approve", self.digest, *waive)
            assert code in CODES, (code, self.operator.said())
        self.mend()

    def made(self) -> set[str]:
        """What Vault and PostgreSQL have of the plan's."""
        suffix = "-cert" if self.phase == "phase3" else ""
        found = {path for one in _MADE[self.phase] if self._answers(path := one.format(suffix))}
        asked = "select rolname from pg_roles where rolname ~ '^grafana.(vault|cert)'"
        return found | set(self.lab.run("psql", "-XAtq", "-d", "grafana", "-c", asked).split())

    def _answers(self, path: str) -> bool:
        try:
            self.lab.vault.ask("GET", f"/v1/{path}")
        except Unwelcome as refused:
            if refused.status == 404:
                return False
            raise
        return True

    def events(self) -> list[dict[str, Json]]:
        """The run's journal."""
        (journal,) = (self.folder / "state").rglob("journal.jsonl")
        return [json.loads(line) for line in journal.read_text().splitlines()]


def walking(
    lab: Lab, folder: Path, capsys: pytest.CaptureFixture[str], set_: pytest.MonkeyPatch, address: str = ""
) -> Walk:
    """An operator who has not begun. `address`: Vault as it is reached, if not straight."""
    ear = Ear(capsys)
    operator = seated(lab, folder, ear, set_)
    set_.setenv("MIGRATE_VAULT_TOKEN_FILE", str(folder / "token"))
    set_.setenv("MIGRATE_VAULT_AUTH_AUDIENCE", lab.world.url(ports.VAULT))
    if address:
        set_.setenv("MIGRATE_VAULT_ADDRESS", address)
    return Walk(operator, folder, ear)
