"""PostgreSQL asks the new login for its certificate: the rule for that is the first that fits."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.ports import Observer
from migrate.targets.hba import Client, by_certificate, decisive, shown


def ask(observer: Observer, question: Question) -> Answer:
    """A rule above ours, for whatever address, would ask whoever comes from there for a password."""
    login, database, owner = (question.about[one] for one in ("new_login", "database", "owner"))
    rules = [shown(one) for one in look(observer, "postgres:server/hba").items("rules")]
    client, line = Client(login, (owner,), database), by_certificate(login, database)
    rule = decisive(rules, client)
    ours = [one for one in rules if one.method == "cert" and decisive([one], client)]
    if rule is None or not ours:
        return Inconclusive(
            f"no rule of pg_hba asks {login} for a certificate", f"the server has read this line: {line}"
        )
    if rule.method != "cert":
        users = ",".join(name.text for name in rule.users)
        return Fail(
            f"a rule for {users} ({rule.method}, {rule.address}) stands above the one for {login} and decides first",
            f"put this line above it, and reload: {line}",
        )
    return Pass(f"the first rule of pg_hba for {login} in database {database} asks for its certificate")


CHECK = Check(
    "db.hba-cert", ("new_login", "database", "owner"), "PostgreSQL asks the new login for its certificate", settled(ask)
)
