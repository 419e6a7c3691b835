"""What is kept of a session holds no secret. Each canary is planted where secrets are met in earnest."""

from __future__ import annotations

import pytest

from migrate.sessions.redaction import MARK, Redactor, secret_values

CANARY = "c4n4ryQ9x7Lm2"


@pytest.mark.parametrize(
    "line",
    [
        f"password: {CANARY}",
        f"PGPASSWORD={CANARY} psql",
        f'"client_secret": "{CANARY}",',
        f"token = '{CANARY}'",
        f"postgres://grafana:{CANARY}@db:5432/grafana",
        f"Authorization: Bearer {CANARY}",
        f"X-Vault-Token: {CANARY}",
        f"hvs.{CANARY}",
        f"eyJhbGciOiJSUzI1NiJ9.{CANARY}.{CANARY}",
        f"ghp_{CANARY}{CANARY}",
        f"GF_DATABASE_PASSWORD: {CANARY}",
    ],
)
def test_secrets_are_taken_out_by_their_shape(line: str) -> None:
    found = Redactor().line(line)
    assert CANARY not in found
    assert MARK in found


def test_a_value_that_is_known_is_taken_out_wherever_it_stands() -> None:
    known = secret_values({"VAULT_TOKEN": CANARY, "HOME": "/home/ada"})
    assert Redactor(known).line(f"it said {CANARY}!") == f"it said {MARK}!"
    assert known == (CANARY,)


def test_a_private_key_is_taken_out_over_its_lines() -> None:
    text = f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n{CANARY}\n-----END RSA PRIVATE KEY-----\nafter"
    found = Redactor().text(text)
    assert CANARY not in found
    assert found.endswith("after")


@pytest.mark.parametrize(
    "line",
    [
        "vault: read on database/static-creds/mig-grafana",
        "token: {file: ~/secrets/token}",
        "held by gitops.applied.inject-release: not merged yet",
        "needs: postgres: ADMIN on grafana",
        "Secret monitoring/lab-db-pguser-grafana stays",
        "https://vault.example.test:8200/v1/sys/health",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert Redactor().line(line) == line
