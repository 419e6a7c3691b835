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
from tests.faults.cases import Case
from tests.labworld import Lab
from tests.live.operator import KNOWN, Operator, Printed, seated

ENDED = ("done", "rolled-back")
CODES = {0, 1, 3, 4, 6, 7}
"""What a command may end with while servers are broken: done, nothing written, refused, held, stopped, incomplete."""
_PATIENCE = 300
_FOLDERS = (
    "database/config",
    "database/static-roles",
    "sys/policies/acl",
    "auth/jwt/role",
    "pki/roles",
    "transit/keys",
)
"""Where Vault keeps what a plan makes."""


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

    case: Case
    operator: Operator
    folder: Path
    ear: Ear
    mend: Callable[[], None] = lambda: None
    """Done before each command: whatever was broken under the last one is made good."""
    digest: str = ""
    held: Callable[[dict[str, Json]], None] = lambda _state: None
    """Done wherever it stands, before it goes on."""
    secrets: dict[str, bytes] = field(default_factory=dict, repr=False)
    """What must be nowhere, by what it is: the tokens it bore, and what a test adds."""
    before: set[str] = field(default_factory=set)
    """What Vault and PostgreSQL had under the tool's prefix already."""

    @property
    def lab(self) -> Lab:
        return self.operator.lab

    def begin(self) -> None:
        """Plan with the token that only reads, then apply with the one that the plan's own policy is for."""
        self.bear("migrate-plan", "policies", "show", "plan")
        plan = self.folder / "plan.json"
        assert self.operator.type("plan", self.case.phase, "--live", "-o", str(plan), *self.case.words) == 0, (
            self.operator.said()
        )
        self.digest = str(json.loads(plan.read_text())["digest"])
        self.bear("migrate-apply", "policies", "show", "apply", str(plan))
        assert self.operator.type("apply", str(plan), "--approve", self.digest) in {0, 4, 6}, self.operator.said()
        self.mend()

    def bear(self, name: str, *words: str) -> None:
        """Log in with a policy that the tool writes, and with nothing else."""
        self.secrets[f"token {name}"] = self.operator.bear(name, *words).encode()

    def forward(self, to: str, patience: float = _PATIENCE) -> None:
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
            self.case.asked(self.lab, str(held.get("next", "")))
            waive = ("--waive", gate, "--reason", KNOWN[gate]) if gate in KNOWN else ()
            code = self.operator.type("resume", "--approve", self.digest, *waive)
            assert code in CODES, (code, self.operator.said())
        self.mend()

    def made(self) -> set[str]:
        """What Vault and PostgreSQL have of the plan's."""
        found = {f"{folder}/{name}" for folder in _FOLDERS for name in self._names(folder) if name.startswith("mig-")}
        asked = ("psql", "-XAtq", "-d", self.case.database, "-c", self.case.query)
        return (found | set(self.lab.run(*asked).split())) - self.before

    def _names(self, folder: str) -> list[str]:
        try:
            return list(self.lab.vault.ask("GET", f"/v1/{folder}?list=true")["data"]["keys"])
        except Unwelcome as refused:
            if refused.status == 404:
                return []
            raise

    def events(self) -> list[dict[str, Json]]:
        """The run's journal."""
        (journal,) = (self.folder / "state").rglob("journal.jsonl")
        return [json.loads(line) for line in journal.read_text().splitlines()]


def walking(
    lab: Lab, case: Case, folder: Path, capsys: pytest.CaptureFixture[str], set_: pytest.MonkeyPatch, address: str = ""
) -> Walk:
    """An operator who has not begun. `address`: Vault as it is reached, if not straight."""
    ear = Ear(capsys)
    case.fresh(lab)
    operator = seated(lab, folder, ear, set_, case.settings)
    set_.setenv("MIGRATE_VAULT_AUTH_AUDIENCE", lab.world.url(ports.VAULT))
    if address:
        set_.setenv("MIGRATE_VAULT_ADDRESS", address)
    walk = Walk(case, operator, folder, ear, secrets=dict(case.secrets))
    walk.before = walk.made()
    return walk
