"""A footprint counts what was added, and nothing that was there before."""

from __future__ import annotations

from fractions import Fraction

from migrate.injector.footprint import File, Mount, footprint
from tests.injector.pods import mutated


def test_what_one_secret_costs_and_brings() -> None:
    found = footprint(mutated({"agent-inject-secret-db": "kv/db", "agent-inject-perms-db": "0400"}))
    assert found.init_containers == ("vault-agent-init",)
    assert found.containers == ("vault-agent",)
    assert found.files == (File("/vault/secrets/db", "0400", 100, 1000, "kv/db"),)
    assert found.mounts == (Mount("app", "vault-secrets", "/vault/secrets"),)
    assert found.running.cpu == Fraction(1, 4)
    assert found.running.memory == 64 * 2**20


def test_the_token_is_a_file_too_and_has_its_own_mode() -> None:
    found = footprint(mutated({"agent-inject-token": "true", "agent-run-as-user": "472"}))
    assert found.files == (File("/vault/secrets/token", "0640", 472, 1000, ""),)


def test_without_a_security_context_the_image_decides_who_owns_the_files() -> None:
    found = footprint(mutated({"agent-inject-secret-db": "x", "agent-set-security-context": "false"}))
    assert (found.files[0].uid, found.files[0].gid) == (None, None)


def test_init_only_asks_for_nothing_that_lasts() -> None:
    found = footprint(mutated({"agent-pre-populate-only": "true"}, initContainers=[{"name": "mine"}]))
    assert found.init_containers == ("vault-agent-init",)
    assert found.containers == ()
    assert found.running.cpu == 0
    assert found.starting.cpu == Fraction(1, 4)
    assert {mount.container for mount in found.mounts} == {"app", "mine"}
