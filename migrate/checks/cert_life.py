"""Whoever is logged in by certificate has one that outlives an outage of Vault."""

from __future__ import annotations

from datetime import timedelta

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import joined, look, moment, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Sessions live on after their certificate ran out; the newest in use says whether the agent renews in time."""
    about, outage = question.about, timedelta(seconds=int(question.about["outage"]))
    login, pods = about["new_login"], about["deployment"]
    sessions = look(observer, f"postgres:certificates/{login}")
    if not sessions.number("count"):
        return Inconclusive(f"{login} has no session", f"{pods} logs in")
    if sessions.number("without"):
        return Fail(f"{login} has sessions without a certificate", "see pg_hba: which rule let them in?")
    issued, used = look(observer, f"vault:{about['pki_mount']}/issued/{login}"), sessions.texts("serials")
    if ended := sorted(set(used).intersection(issued.texts("revoked"))):
        return Fail(f"sessions of {login} use revoked certificates ({joined(ended)})", "end them: pg_terminate_backend")
    ends = [moment(str(one["until"])) for one in issued.items("valid") if one["serial"] in used]
    if not ends or max(ends) - question.now < outage:
        until = f"the newest ends {max(ends).isoformat()}" if ends else "every one has run out"
        return Fail(
            f"of the certificates in use {until}: an outage of {outage} would outlast it",
            f"see the agent's log in the pods of {pods}: why was it not renewed?",
        )
    return Pass(f"{login} logs in by certificate, the newest in use good until {max(ends).isoformat()}")


CHECK = Check(
    "cert.life",
    ("new_login", "pki_mount", "outage", "deployment"),
    "certificates in use outlive an outage of Vault",
    settled(ask),
)
