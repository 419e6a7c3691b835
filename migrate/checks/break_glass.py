"""People log in to other things through the workload: before it is touched another way in was tried."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Inconclusive, Pass, Question
from migrate.checks.looking import settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Nothing on a server shows it: a person tries it, and says so in `migrate.yaml` or by waiving this gate."""
    deployment, said = question.about["deployment"], question.about["break_glass"]
    if said:
        return Pass(f"migrate.yaml says how: {said}")
    return Inconclusive(
        f"people log in through {deployment}, and nobody said how to get in without it",
        "try another way in now (a local account, kubectl with a certificate), then say it: breakGlass: in "
        "migrate.yaml before planning, or migrate resume --waive break-glass --reason 'tried: ...'",
    )


CHECK = Check(
    "break-glass", ("deployment", "break_glass"), "the operators get in without the login that is touched", settled(ask)
)
