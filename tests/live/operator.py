"""A person at the keyboard of a lab: types the verbs, merges what waits, and gives a reason where one is asked for."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from migrate.cli.main import run
from migrate.lab import database, ports
from migrate.model.json import Json, mapping
from tests.labworld import Lab
from tests.meanwhile import meanwhile

SETTINGS = """\
vault: {{address: '{vault}'}}
database: {{address: '{database}', vaultAddress: 127.0.0.1, sslmode: verify-full}}
soak: {{cutover: 5s, contract: 5s}}
"""
_PIN = ("      chart: vault\n", "      chart: vault\n      version: 0.28.0\n")
_CA = (
    '      authPath: "auth/jwt"\n',
    '      authPath: "auth/jwt"\n      extraEnvironmentVars:\n        AGENT_INJECT_VAULT_CACERT_BYTES: given\n',
)
KNOWN = {
    "gitops.drift": "every edit is under the one subchart",
    "db.rotation-lived": "two hours are too long for a test",
}
"""Gates that nobody can answer from here, each with what this operator knows otherwise."""
_PATIENCE = 900
TRUSTED = "trusted.pem"
"""The file, among an operator's own, with the authorities that a database's certificate may be of."""


class Printed(Protocol):
    """What was printed."""

    @property
    def out(self) -> str: ...

    @property
    def err(self) -> str: ...


class Heard(Protocol):
    """Gives what was printed since it was last asked: pytest's `capsys`, or whoever listens to it."""

    def readouterr(self) -> Printed: ...


@dataclass
class Operator:
    """Works in a clone of the lab's repository."""

    lab: Lab
    clone: Path
    capsys: Heard
    token: Path
    """The file with the token for Vault that the tool is told of: root's until another is borne."""

    def type(self, *words: str) -> int:
        """One command; its exit code."""
        return run([*words, "--estate", str(self.clone)])

    def git(self, *words: str, check: bool = True) -> str:
        identity = ("-c", "user.name=op", "-c", "user.email=op@example.test")
        return self.lab.run("git", "-C", str(self.clone), *identity, *words, check=check)

    def approved(self, phase: str, plan: Path, *words: str) -> str:
        """Plan for the servers, and apply up to the first gate that waits, each with a token of its own; the digest."""
        self.bear("migrate-plan", "policies", "show", "plan")
        assert self.type("plan", phase, "--live", "-o", str(plan), *words) == 0, self.said()
        digest = str(json.loads(plan.read_text())["digest"])
        self.bear("migrate-apply", "policies", "show", "apply", str(plan))
        assert self.type("apply", str(plan), "--approve", digest) in {0, 4}, self.said()
        return digest

    def bear(self, name: str, *words: str) -> str:
        """Log in with a policy that the tool writes, and with nothing else; the token."""
        self.said()
        assert self.type(*words) == 0
        self.lab.vault.ask("PUT", f"/v1/sys/policies/acl/{name}", {"policy": self.said()})
        asked = {"policies": [name], "no_default_policy": True, "no_parent": True, "ttl": "1h"}
        token = str(self.lab.vault.ask("POST", "/v1/auth/token/create", asked)["auth"]["client_token"])
        self.token.write_text(token)
        return token

    def go_on(self, digest: str, enough: Callable[[str], bool] = lambda _reason: False) -> str:
        """Resume, merge and give reasons until the run has ended, or waits for what is `enough`; its last state."""
        end = time.monotonic() + _PATIENCE
        while (state := self.standing())["state"] not in {"done", "rolled-back", "stopped"}:
            if enough(str(mapping(state["held"]).get("reason", ""))):
                break
            assert time.monotonic() < end, state
            gate = str(mapping(state["held"]).get("by", ""))
            self.merge()
            if gate == "db.leases-gone":  # an hour is too long for a test, and the gate says what ends them
                self.lab.run(*shlex.split(str(mapping(state["held"])["next"]).rpartition(": ")[2]))
            waive = ("--waive", gate, "--reason", KNOWN[gate]) if gate in KNOWN else ()
            assert self.type("resume", "--approve", digest, *waive) in {0, 4, 7}, self.said()
            time.sleep(1)
        return str(state["state"])

    def merge(self) -> None:
        """Whatever stands on a branch of ours is merged with what others pushed, and pushed."""
        self.git("fetch", "--quiet", "origin")
        branches = self.git("branch", "--format=%(refname:short)", "--list", "migrate/*").split()
        for branch in ("@{upstream}", *branches):
            self.git("merge", "--quiet", "--no-edit", branch)
        self.git("push", "--quiet", "origin", "HEAD")

    def standing(self) -> dict[str, Json]:
        """Where the latest run stands."""
        self.said()
        assert self.type("status", "--json") == 0
        return mapping(json.loads(self.said())["runs"][0])

    def said(self) -> str:
        """What was printed since it was last asked."""
        found = self.capsys.readouterr()
        return found.out + found.err


def seated(lab: Lab, folder: Path, capsys: Heard, set_: pytest.MonkeyPatch, settings: str = "") -> Operator:
    """An operator with a clone of the estate, its settings (and these besides), and credentials in files."""
    clone, key = folder / "estate", lab.world.credential
    lab.run("git", "clone", "--quiet", lab.environment["LAB_GIT"], str(clone))
    found = Operator(lab, clone, capsys, folder / "token")
    found.token.write_text(key("vault-root").read_text())
    (clone / "migrate.yaml").write_text(
        SETTINGS.format(vault=lab.world.url(ports.VAULT), database=f"{lab.world.address}:{ports.POSTGRES}") + settings
    )
    for file in clone.rglob("*.yaml"):
        text = file.read_text()
        if "kind: HelmRelease" in text and _PIN[0] in text and _PIN[1] not in text:
            file.write_text(text.replace(*_PIN).replace(*_CA))
    found.git("config", "user.name", "op")
    found.git("config", "user.email", "op@example.test")
    found.git("add", "--all")
    found.git("commit", "--quiet", "--allow-empty", "-m", "What the plan asks for first")
    found.git("push", "--quiet", "origin", "HEAD")
    (folder / TRUSTED).write_text(key("ca.crt").read_text())
    (folder / "dsn").write_text(
        f"postgresql://{database.ADMIN}:{key('postgres-admin').read_text()}@{lab.world.address}:{ports.POSTGRES}"
        f"/postgres?sslmode=verify-full&sslrootcert={folder / TRUSTED}"
    )
    variables = {
        "KUBECONFIG": key("admin.kubeconfig"),
        "PATH": lab.environment["PATH"],
        "MIGRATE_VAULT_CA": key("ca.crt"),
        "MIGRATE_VAULT_TOKEN_FILE": found.token,
        "MIGRATE_DATABASE_CA": folder / TRUSTED,
        "MIGRATE_DATABASE_ADMIN_FILE": folder / "dsn",
        "MIGRATE_STATE": folder / "state",
    }
    for name, value in variables.items():
        set_.setenv(name, str(value))
    return found


@contextmanager
def watching(lab: Lab, path: str) -> Iterator[set[str]]:
    """Every version of an object's identity and data that was seen meanwhile; `gone` where it was not there."""
    seen = set[str]()

    def look() -> None:
        found = lab.get(path)
        seen.add("gone" if found is None else json.dumps([found["metadata"]["uid"], found["data"]], sort_keys=True))

    with meanwhile(look, 0.1):
        yield seen
