"""Whether a workload can go back to its old credential: the Secret, who fills it, and the login it is for."""

from __future__ import annotations

from migrate.checks.answer import Answer, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import UnseenError, joined, look
from migrate.model.ports import Observer


def old_way(observer: Observer, question: Question) -> Answer:
    """The Secret exists with its keys (split by commas) and equals Vault, ESO is alive, and the old login may log in.

    Without an `old_login` there is no login to ask about. Raises UnseenError where the values cannot be compared.
    """
    about = question.about
    name, key, old = about["secret"], about["secret_key"], about["old_login"]
    secret = look(observer, f"cluster:Secret/{name}")
    if not secret.exists:
        return Fail(f"there is no Secret {name}", "make ESO write it again: see its ExternalSecret")
    if missing := sorted({*filter(None, key.split(","))} - set(secret.texts("keys"))):
        return Fail(
            f"Secret {name} has no key {joined(missing)}", "see its ExternalSecret: who changed what it copies?"
        )
    external = look(observer, f"cluster:ExternalSecret/{about['external_secret']}")
    if not external.exists:
        return Inconclusive(f"ExternalSecret {about['external_secret']} is not there", "it is back in Git and applied")
    if not external.flag("ready"):
        return Inconclusive(f"ExternalSecret {about['external_secret']} is not Ready", "ESO reaches Vault again")
    if secret.shows("unsaid"):
        raise UnseenError(
            f"whether Secret {name} holds what Vault holds cannot be said: {secret.text('unsaid')}",
            secret.text("settles"),
        )
    if not secret.flag("synced"):
        return Fail(
            f"Secret {name} does not hold what Vault holds",
            "let ESO copy it (annotate the ExternalSecret with force-sync), and see why it did not",
        )
    if not old:
        return Pass(f"Secret {name} holds what Vault holds: {joined(key.split(',')) if key else 'every key'}")
    login = look(observer, f"postgres:role/{old}")
    if not login.exists or not login.flag("login"):
        return Fail(f"login {old} cannot log in", f'ALTER ROLE "{old}" LOGIN')
    return Pass(f"Secret {name} holds what Vault holds, and {old} may log in")
