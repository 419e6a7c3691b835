"""The way back is tested, not assumed: the old credential logs in."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import Seen, let_in, look, permitted, settled
from migrate.model.ports import Observer

PROVES = "the old login gets in with what its Secret holds, so that going back works"


def ask(observer: Observer, question: Question) -> Answer:
    """A real login with the value of the Secret, which lives in memory for as long as that takes."""
    about = question.about
    login = attempt(observer, about)
    permitted(login, PROVES)
    let_in(login)
    if _kept_out(login):
        return Inconclusive(
            f"PostgreSQL's host-based rules keep {about['old_login']} out from where this runs ({login.text('why')}), "
            "which says nothing of the pods",
            "run it from an address that the rules admit for this login; or, where Secret and pods are seen to work, "
            "go past it with a reason",
        )
    return refused(login, about) or Pass(
        f"{about['old_login']} logs in to database {about['database']} with what Secret {about['secret']} holds"
    )


def attempt(observer: Observer, about: Mapping[str, str]) -> Seen:
    """What became of the login. Raises Unreachable."""
    asked = urlencode({"key": about["secret_key"], "login": about["old_login"], "database": about["database"]})
    return look(observer, f"cluster:OldLogin/{about['secret']}?{asked}")


def refused(login: Seen, about: Mapping[str, str]) -> Fail | None:
    """Why there is no way back now; None where the login worked, or could not be tried."""
    if login.value.get("allowed") is not False or _kept_out(login):
        return None
    return Fail(
        f"{about['old_login']} does not get in with what Secret {about['secret']} holds: {login.value.get('why')}",
        f"going back would fail now: see who changed the password of {about['old_login']}, and what its ExternalSecret "
        "copies; go on only when this login works again",
    )


def _kept_out(login: Seen) -> bool:
    """Whether the rules never came as far as the password: they go by the address that one comes from."""
    return "pg_hba.conf" in str(login.value.get("why", ""))


CHECK = Check(
    "db.old-login",
    ("secret", "secret_key", "old_login", "database"),
    "the old credential still logs in",
    settled(ask),
    prefix=True,
)
