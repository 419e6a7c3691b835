"""Vault answers, is unsealed, and is the one its certificate says."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Sealed is inconclusive: whoever holds the keys can end it."""
    health = look(observer, "vault:sys/health")
    if not health.flag("initialized"):
        return Fail("Vault is not initialized", "check vault.address: this is a new, empty server")
    if health.flag("sealed"):
        return Inconclusive("Vault is sealed", "it is unsealed (vault operator unseal)")
    if health.shows("trusted") and not health.flag("trusted"):
        return Fail("Vault's certificate is not trusted", "set vault.ca in migrate.yaml to the CA that signed it")
    return Pass(f"Vault {health.text('version')} answers and is unsealed")


CHECK = Check("vault.reach", (), "Vault answers, is unsealed, and its certificate is trusted", settled(ask))
