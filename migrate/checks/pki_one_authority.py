"""Whatever is good still was signed by the authority that signs now: nobody needs the one before it any more."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Inconclusive, Pass, Question
from migrate.checks.looking import look, moment, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Of the certificates for one login. Two authorities may bear the same name, and never the same key."""
    mount, login = question.about["pki_mount"], question.about["new_login"]
    key = look(observer, f"vault:{mount}/authority/default").text("key")
    valid = look(observer, f"vault:{mount}/issued/{login}").items("valid")
    others = [one for one in valid if one["by"] != key]
    if others:
        last = max(moment(str(one["until"])) for one in others)
        return Inconclusive(
            f"{len(others)} certificates for {login} are not of the authority that {mount}/ signs with now, and good "
            f"until {last.isoformat()} at the latest",
            "keep that one trusted until they have run out. Sooner: restart the pods, which get new ones, then revoke "
            + "; ".join(f"vault write {mount}/revoke serial_number={one['serial']}" for one in others[:3]),
        )
    return Pass(f"{len(valid)} certificates for {login} are good still, all of the authority that {mount}/ signs with")


CHECK = Check(
    "pki.one-authority",
    ("pki_mount", "new_login"),
    "no certificate of an earlier authority is good still",
    settled(ask),
)
