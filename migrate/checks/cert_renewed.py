"""A renewal was lived through: pods got more certificates than one each, use the newest, and stayed ready."""

from __future__ import annotations

from datetime import timedelta

from migrate.checks.answer import Answer, Check, Inconclusive, Pass, Question
from migrate.checks.looking import look, moment, settled
from migrate.checks.pods import living, unsettled
from migrate.model.ports import Observer
from migrate.targets.pki import BACKDATED


def ask(observer: Observer, question: Question) -> Answer:
    """Of those that were issued since the pods came. Their end would not say: an authority cuts them at its own."""
    about = question.about
    deployment = look(observer, f"cluster:Deployment/{about['deployment']}")
    if waits := unsettled(deployment):
        return waits
    pods = living(deployment.items("pods"))
    came = min((moment(str(pod["started"])) for pod in pods), default=question.now)
    issued = look(observer, f"vault:{about['pki_mount']}/issued/{about['new_login']}").items("valid")
    times = {str(one["serial"]): moment(str(one["since"])) + timedelta(seconds=BACKDATED) for one in issued}
    since = sorted((serial for serial, time in times.items() if time >= came), key=times.__getitem__)
    if len(since) <= len(pods):
        return Inconclusive(
            f"{len(since)} certificates for {len(pods)} pods of {about['deployment']}: none was renewed yet",
            "the agent renews it in time",
        )
    used = set(look(observer, f"postgres:certificates/{about['new_login']}").texts("serials"))
    if not used or not used <= set(since[-len(pods) :]):
        return Inconclusive(f"no session of {about['new_login']} uses the newest certificate yet", "pods connect again")
    return Pass(f"{about['deployment']} stayed ready while its certificate was renewed, and uses the new one")


CHECK = Check(
    "cert.renewed",
    ("new_login", "pki_mount", "deployment"),
    "a renewal of the certificate was lived through",
    settled(ask),
)
