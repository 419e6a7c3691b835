"""There is a route from Vault to the database."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """What is reached from here says nothing of Vault's own route, so that alone is inconclusive."""
    address = question.about["address"]
    if not address:
        return Fail(
            "the address by which Vault reaches the database is unknown", "set database.address in migrate.yaml"
        )
    endpoint = look(observer, f"postgres:endpoint/{address}")
    if endpoint.shows("fromVault"):
        if endpoint.flag("fromVault"):
            return Pass(f"Vault reaches {address}")
        return Fail(f"Vault does not reach {address}", "open the route, or correct database.address in migrate.yaml")
    here = "answers from here" if endpoint.exists and endpoint.flag("reachable") else "does not answer from here"
    return Inconclusive(
        f"{address} {here}, which says nothing of Vault's own route",
        f"from Vault's host: pg_isready -h {address.partition(':')[0]}; then pass the gate with that as the reason. "
        "The step that writes the connection makes Vault try it, and is refused where it fails",
    )


CHECK = Check("db.reach-from-vault", ("address",), "a route from Vault to the database exists", settled(ask))
