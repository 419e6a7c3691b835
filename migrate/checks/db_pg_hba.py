"""PostgreSQL lets the new logins in, as far as its host-based rules go."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.json import Json, sequence
from migrate.model.ports import Observer

_EVERYWHERE = frozenset({"all", "0.0.0.0/0", "::/0", "0.0.0.0", "::"})


def ask(observer: Observer, question: Question) -> Answer:
    """The first rule for login and database decides; one for some addresses only leaves open which ours are."""
    about = question.about
    rules, database = look(observer, "postgres:server/hba").items("rules"), about["database"]
    found = {login: _first(rules, login, database) for login in (about["vault_login"], about["new_login"])}
    for login, rule in found.items():
        if rule is None or rule.get("method") == "reject":
            return Fail(
                f"pg_hba does not admit {login} to database {database}",
                f"add to pg_hba.conf, before any reject: hostssl {database} {login} ADDRESS scram-sha-256",
            )
    narrow = {login: rule.get("address") for login, rule in found.items() if rule and not _open(rule)}
    if narrow:
        login, address = next(iter(narrow.items()))
        return Inconclusive(
            f"pg_hba admits {login} from {address} only",
            "pass the gate once you know that Vault and the pods are there",
        )
    return Pass(f"pg_hba admits {' and '.join(found)} to database {database} from anywhere")


def _open(rule: dict[str, Json]) -> bool:
    return rule.get("address") in _EVERYWHERE


def _first(rules: list[dict[str, Json]], login: str, database: str) -> dict[str, Json] | None:
    for rule in rules:
        if str(rule.get("type", "")).startswith("host") and rule.get("type") != "hostnossl":
            users, databases = sequence(rule.get("users")), sequence(rule.get("databases"))
            if ("all" in users or login in users) and ("all" in databases or database in databases):
                return rule
    return None


CHECK = Check(
    "db.pg-hba", ("database", "vault_login", "new_login"), "pg_hba admits Vault's login and the new one", settled(ask)
)
