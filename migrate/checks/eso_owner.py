"""The Secret has no owner any more, so that removing its ExternalSecret leaves it."""

from __future__ import annotations

import json
import shlex

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import Seen, joined, look, settled
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
        hurry = "ESO refreshes it with creationPolicy Orphan (annotate the ExternalSecret with force-sync to hurry it)"
        orphaned = external.exists and external.value.get("creationPolicy") == "Orphan"
        by_hand = f"; should it stay so after a refresh (ESO 0.10 never lets go): {_letting_go(secret, name)}"
        return Inconclusive(
            f"Secret {name} still belongs to {joined(owners)}: removing that would delete it",
            hurry + (by_hand if orphaned else ""),
        )
    return Pass(f"Secret {name} has no owner: it stays when its ExternalSecret goes")


def _letting_go(secret: Seen, name: str) -> str:
    """The patch that takes the owner's reference off this very Secret, and nothing if either is another by then.

    Safe only under Orphan: under Owner the controller puts the reference back, and the patch only hides that.
    """
    namespace, _, short = name.partition("/")
    owners = secret.items("owners")
    place = next((n for n, one in enumerate(owners) if one.get("kind") == "ExternalSecret"), 0)
    at = f"/metadata/ownerReferences/{place}"
    patch = [
        {"op": "test", "path": "/metadata/uid", "value": secret.value.get("uid")},
        {"op": "test", "path": f"{at}/uid", "value": owners[place].get("uid")},
        {"op": "remove", "path": at},
    ]
    return f"kubectl -n {namespace} patch secret {short} --type=json -p {shlex.quote(json.dumps(patch))}"


CHECK = Check(
    "eso.owner",
    ("secret", "external_secret"),
    "removing the ExternalSecret leaves the Secret",
    settled(ask),
    guards=True,
)
