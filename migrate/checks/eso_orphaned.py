"""ESO has acted on `creationPolicy: Orphan`, so that whatever it does about its owner reference is done."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Without this, ESO would be raced for the reference, and under Owner it would put it back."""
    name = question.about["external_secret"]
    external = look(observer, f"cluster:ExternalSecret/{name}")
    if not external.exists:
        return Fail(f"there is no ExternalSecret {name}", "see who removed it; where its Secret went too, roll back")
    if external.text("creationPolicy") == "Owner":
        return Inconclusive(
            f"ExternalSecret {name} in the cluster still says creationPolicy Owner", "the commit is merged and applied"
        )
    if not external.flag("ready"):
        return Inconclusive(
            f"ExternalSecret {name} is not Ready: ESO may not have seen the change", "ESO reaches Vault"
        )
    if external.number("handled") != external.number("generation"):
        namespace, _, short = name.partition("/")
        return Inconclusive(
            f"ESO has not acted on the newest ExternalSecret {name} yet",
            f"it refreshes it; to hurry it: kubectl -n {namespace} annotate externalsecret {short} force-sync=now",
        )
    return Pass(f"ESO has acted on creationPolicy {external.text('creationPolicy')} of ExternalSecret {name}")


CHECK = Check(
    "eso.orphaned",
    ("external_secret",),
    "ESO has let go of the Secret as far as it ever will",
    settled(ask),
    guards=True,
)
