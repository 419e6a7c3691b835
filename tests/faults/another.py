"""Another operator, who changes the very things that a run made, and knows nothing of the run."""

from __future__ import annotations

from tests.faults.walk import Walk

_RULE = '\npath "secret/data/theirs" {\n  capabilities = ["read"]\n}\n'


_OWN_ROLE = {"role_type": "jwt", "user_claim": "sub", "bound_subject": "theirs", "token_ttl": 0}


class Another:
    """What they did, each thing with what was there before: of what is not there yet they make one of their own."""

    def __init__(self, walk: Walk) -> None:
        self._walk, self._vault, self._case = walk, walk.lab.vault, walk.case
        self._policy = f"/v1/sys/policies/acl/{self._case.name}"
        self._role = f"/v1/auth/jwt/role/{self._case.name}"
        self.policy, self.role, self.value = "", 0, ""

    def edits(self) -> int:
        """A rule more in the policy, another life for the role's tokens, a value beside ours; how many edits."""
        made = self._walk.made()
        if self._policy.removeprefix("/v1/") in made:
            self.policy = self._vault.ask("GET", self._policy)["data"]["policy"]
        if self._role.removeprefix("/v1/") in made:
            self.role = self._vault.ask("GET", self._role)["data"]["token_ttl"]
        else:
            self._vault.ask("POST", self._role, _OWN_ROLE)
        self._vault.ask("PUT", self._policy, {"policy": self.policy + _RULE})
        self._set(self.role + 60)
        self._values()
        return 3

    def finds_their_work(self) -> bool:
        """Whether everything they wrote is as they wrote it."""
        policy = self._vault.ask("GET", self._policy)["data"]["policy"] == self.policy + _RULE
        return (
            policy and self._vault.ask("GET", self._role)["data"]["token_ttl"] == self.role + 60 and self.value_stays()
        )

    def value_stays(self) -> bool:
        """Whether their value is in what everybody gets from Git."""
        git = self._walk.operator.git
        git("fetch", "--quiet", "origin")
        return self.value in self._case.value.findall(git("show", f"origin/main:{self._case.beside}"))

    def takes_back(self) -> None:
        """Policy and role are again as the run made them, or gone where it made none; the value stays."""
        if self.policy:
            self._vault.ask("PUT", self._policy, {"policy": self.policy})
        else:
            self._vault.ask("DELETE", self._policy)
        if self.role:
            self._set(self.role)
        else:
            self._vault.ask("DELETE", self._role)

    def _set(self, ttl: int) -> None:
        role = self._vault.ask("GET", self._role)["data"]
        self._vault.ask("POST", self._role, {**role, "token_ttl": ttl})

    def _values(self) -> None:
        clone, lab = self._walk.folder / "theirs", self._walk.lab
        identity = ("-c", "user.name=they", "-c", "user.email=they@example.test")
        lab.run("git", "clone", "--quiet", lab.environment["LAB_GIT"], str(clone))
        file = clone / self._case.beside
        (number,) = self._case.value.findall(file.read_text())
        self.value = str(int(number) + 1)
        file.write_text(self._case.value.sub(self.value, file.read_text()))
        lab.run("git", "-C", str(clone), *identity, "commit", "--quiet", "--all", "-m", "Another number")
        lab.run("git", "-C", str(clone), "push", "--quiet", "origin", "HEAD:main")
