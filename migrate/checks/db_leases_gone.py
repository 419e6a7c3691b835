"""No login that Vault issued is left."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Inconclusive, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """A lease that outlives its role can no longer be revoked by Vault."""
    path = question.about["path"]
    count = look(observer, f"vault:leases/{path}").number("count")
    if count:
        return Inconclusive(
            f"{count} leases of {path} are left", f"they run out, or are revoked: vault lease revoke -prefix {path}"
        )
    return Pass(f"no lease of {path} is left")


CHECK = Check("db.leases-gone", ("path",), "no issued login is left behind", settled(ask), guards=True)
