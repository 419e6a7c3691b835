"""What befalls certificates between two steps: a gate sees it, says what helps, and passes once the cause is gone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from migrate.checks.answer import Fail, Inconclusive, Pass
from migrate.model.json import Json
from migrate.model.ports import Written
from migrate.targets.pki import client_role
from tests.contract.mutual import EVERYONE, LOGIN, OURS, OWNER, Mutual, admitting, lists, until
from tests.contract.test_certificates import asked

pytestmark = [pytest.mark.lab(level="vault"), pytest.mark.timeout(600)]
Undo = Callable[[], object]


@dataclass(frozen=True)
class Fault:
    """What somebody does, which gate has to see it, and the words that name it and what helps."""

    name: str
    gate: str
    befall: Callable[[Mutual], Undo]
    words: str
    helps: str


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Mutual]:
    """Both servers, with a rule that asks our login for its certificate."""
    with admitting(tmp_path) as servers:
        yield servers


def _sealed(found: Mutual) -> Undo:
    logs = "".join(log.read_text() for log in found.folder.glob("**/*.log"))
    (key,) = re.findall(r"Unseal Key: (\S+)", logs)
    assert found.api.ask("post", "sys/seal", {}).ok
    return lambda: found.api.ask("post", "sys/unseal", {"key": key})


def _authority_of(life: str, ended: bool) -> Callable[[Mutual], Undo]:
    def befall(found: Mutual) -> Undo:
        before = str(found.api.look("pki/config/issuers").data["default"])
        wanted: dict[str, Json] = {"common_name": "short", "key_type": "ec", "ttl": life, "issuer_name": "short"}
        made = found.api.ask("post", "pki/root/generate/internal", wanted).data
        assert found.api.ask("post", "pki/config/issuers", {"default": made["issuer_id"]}).ok
        end = float(str(made["expiration"]))
        until(lambda: not ended or datetime.now(UTC).timestamp() > end + 1)
        return lambda: found.api.ask("post", "pki/config/issuers", {"default": before})

    return befall


def _role(**other: Json) -> Callable[[Mutual], Undo]:
    def befall(found: Mutual) -> Undo:
        about = next(dict(one.about) for one in found.bench.plan.gates if one.id == "pki.role-names")
        path, ours = f"pki/roles/{found.role}", client_role(LOGIN, int(about["life"]))
        assert found.api.ask("post", path, ours | other).ok
        return lambda: found.api.ask("post", path, ours)

    return befall


def _rules(*rules: str) -> Callable[[Mutual], Undo]:
    def befall(found: Mutual) -> Undo:
        found.admit(*rules)
        return lambda: found.admit(OURS, EVERYONE)

    return befall


def _revoked_unheard(found: Mutual) -> Undo:
    serial = found.api.ask("post", f"pki/issue/{found.role}", {"common_name": LOGIN}).data["serial_number"]
    assert found.api.ask("post", "pki/revoke", {"serial_number": serial}).ok

    def load() -> None:
        (found.data / "revoked.pem").write_text(lists(found.api))
        found.servers.sql("alter system set ssl_crl_file = 'revoked.pem'")
        found.reload()

    return load


OUR_ROLE, OUR_RULE = "somebody changed it: restore pki/roles/", OURS
FAULTS = [
    Fault("Vault is sealed, role", "pki.role-names", _sealed, "sealed", "vault operator unseal"),
    Fault("Vault is sealed, mount", "pki.mount", _sealed, "sealed", "vault operator unseal"),
    Fault("the authority ends first", "pki.mount", _authority_of("24h", False), "authority of pki/ ends", "rotate"),
    Fault("the authority has ended", "pki.mount", _authority_of("2s", True), "authority of pki/ ended", "rotate"),
    Fault("a wider role", "pki.role-names", _role(allow_subdomains=True), "allow_subdomains", OUR_ROLE),
    Fault("more names", "pki.role-names", _role(allowed_domains=[LOGIN, "postgres"]), "allowed_domains", OUR_ROLE),
    Fault("a longer life", "pki.role-names", _role(max_ttl="8000h"), "max_ttl", OUR_ROLE),
    Fault("a broader rule above", "db.hba-cert", _rules(EVERYONE, OURS), "stands above the one for", OUR_RULE),
    Fault("the rule is gone", "db.hba-cert", _rules(EVERYONE), "no rule of pg_hba asks", OUR_RULE),
    Fault("a list not loaded", "pki.revoked", _revoked_unheard, "PostgreSQL does not know", "ssl_crl_file"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: one.name)
def test_a_gate_sees_it_says_what_helps_and_passes_once_the_cause_is_gone(found: Mutual, fault: Fault) -> None:
    for step in found.steps:
        found.bench.take(step)
    undo = fault.befall(found)
    match asked(found, fault.gate):
        case Fail(reading, fix) | Inconclusive(reading, fix):
            assert fault.words in reading
            assert fault.helps in fix
        case Pass(reading):
            pytest.fail(f"nothing was noticed: {reading}")
    undo()
    assert isinstance(asked(found, fault.gate), Pass)


def test_a_role_that_somebody_made_since_the_plan_is_refused_and_stays_theirs(found: Mutual) -> None:
    step, path = found.steps[0], f"pki/roles/{found.role}"
    seen = found.bench.read(step)
    assert found.api.ask("post", path, {"allowed_domains": ["theirs"], "max_ttl": "1h"}).ok
    assert not isinstance(found.bench.write(step, seen=seen), Written)
    assert found.api.look(path).data["allowed_domains"] == ["theirs"]
    assert found.api.ask("delete", path).ok
    found.bench.take(step)


def test_a_key_of_one_issue_beside_the_certificate_of_another_opens_nothing_and_is_no_success(found: Mutual) -> None:
    for step in found.steps:
        found.bench.take(step)
    with found.agent(found.folder / "files") as files:
        other = found.api.ask("post", f"pki/issue/{found.role}", {"common_name": LOGIN}).data
        mixed = found.folder / "mixed.pem"
        mixed.write_text(str(other["private_key"]) + "\n")
        mixed.chmod(0o600)
        said = found.psql(files, PGSSLKEY=str(mixed))
        assert said.returncode != 0
        assert "key values mismatch" in said.stderr
        match asked(found, "cert.life"):
            case Inconclusive(reading, _):
                assert f"{LOGIN} has no session" in reading
            case answer:
                pytest.fail(str(answer))
        assert found.psql(files).stdout.strip() == f"{LOGIN}|{OWNER}"
