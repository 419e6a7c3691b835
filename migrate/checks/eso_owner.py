"""The Secret has no owner any more, so that removing its ExternalSecret leaves it."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Only the owner reference counts: `creationPolicy: Orphan` alone changes nothing until ESO got that far."""
    name, external_name = question.about["secret"], question.about["external_secret"]
    secret = look(observer, f"cluster:Secret/{name}")
    if not secret.exists:
        return Fail(f"there is no Secret {name}", "roll back: ESO makes it again")
    external = look(observer, f"cluster:ExternalSecret/{external_name}")
    if external.exists and not external.flag("ready"):
        return Inconclusive(
            f"ExternalSecret {external_name} is not Ready: ESO may not have seen the change", "ESO reaches Vault again"
        )
    owners = [f"{one.get('kind')} {one.get('name')}" for one in secret.items("owners")]
    if owners:
        return Inconclusive(
            f"Secret {name} still belongs to {joined(owners)}: removing that would delete it",
            "see who put that back: the ExternalSecret must say creationPolicy Orphan, and nobody else own the Secret",
        )
    return Pass(f"Secret {name} has no owner: it stays when its ExternalSecret goes")


CHECK = Check(
    "eso.owner",
    ("secret", "external_secret"),
    "removing the ExternalSecret leaves the Secret",
    settled(ask),
    guards=True,
)
