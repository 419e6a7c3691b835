"""Another operator, who changes the very things that a run made, and knows nothing of the run."""

from __future__ import annotations

import re
from pathlib import Path

from tests.faults.walk import Walk

POLICY, ROLE = "/v1/sys/policies/acl/mig-monitoring-grafana", "/v1/auth/jwt/role/mig-monitoring-grafana"
_VALUES = Path("infrastructure/monitoring/prometheus-stack.yaml")
_VALUE = re.compile(r"(?<=retention: )\d+(?=d)")
_RULE = '\npath "secret/data/theirs" {\n  capabilities = ["read"]\n}\n'


_OWN_ROLE = {"role_type": "jwt", "user_claim": "sub", "bound_subject": "theirs", "token_ttl": 0}


class Another:
    """What they did, each thing with what was there before: of what is not there yet they make one of their own."""

    def __init__(self, walk: Walk) -> None:
        self._walk, self._vault = walk, walk.lab.vault
        self.policy, self.role, self.value = "", 0, ""

    def edits(self) -> int:
        """A rule more in the policy, another life for the role's tokens, a value beside ours; how many edits."""
        made = self._walk.made()
        if POLICY.removeprefix("/v1/") in made:
            self.policy = self._vault.ask("GET", POLICY)["data"]["policy"]
        if ROLE.removeprefix("/v1/") in made:
            self.role = self._vault.ask("GET", ROLE)["data"]["token_ttl"]
        else:
            self._vault.ask("POST", ROLE, _OWN_ROLE)
        self._vault.ask("PUT", POLICY, {"policy": self.policy + _RULE})
        self._set(self.role + 60)
        self._values()
        return 3

    def finds_their_work(self) -> bool:
        """Whether everything they wrote is as they wrote it."""
        policy = self._vault.ask("GET", POLICY)["data"]["policy"] == self.policy + _RULE
        return policy and self._vault.ask("GET", ROLE)["data"]["token_ttl"] == self.role + 60 and self.value_stays()

    def value_stays(self) -> bool:
        """Whether their value is in what everybody gets from Git."""
        git = self._walk.operator.git
        git("fetch", "--quiet", "origin")
        return self.value in _VALUE.findall(git("show", f"origin/main:{_VALUES}"))

    def takes_back(self) -> None:
        """Policy and role are again as the run made them, or gone where it made none; the value stays."""
        if self.policy:
            self._vault.ask("PUT", POLICY, {"policy": self.policy})
        else:
            self._vault.ask("DELETE", POLICY)
        if self.role:
            self._set(self.role)
        else:
            self._vault.ask("DELETE", ROLE)

    def _set(self, ttl: int) -> None:
        role = self._vault.ask("GET", ROLE)["data"]
        self._vault.ask("POST", ROLE, {**role, "token_ttl": ttl})

    def _values(self) -> None:
        clone, lab = self._walk.folder / "theirs", self._walk.lab
        identity = ("-c", "user.name=they", "-c", "user.email=they@example.test")
        lab.run("git", "clone", "--quiet", lab.environment["LAB_GIT"], str(clone))
        file = clone / _VALUES
        (days,) = _VALUE.findall(file.read_text())
        self.value = str(int(days) + 1)
        file.write_text(_VALUE.sub(self.value, file.read_text()))
        lab.run("git", "-C", str(clone), *identity, "commit", "--quiet", "--all", "-m", "Keep metrics for longer")
        lab.run("git", "-C", str(clone), "push", "--quiet", "origin", "HEAD:main")
