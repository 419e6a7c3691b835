"""The certificate served at the database's address bears the name that Vault will look for."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """What is looked for depends on the sslmode: a name, a certificate, or nothing."""
    address, mode = question.about["address"], question.about["sslmode"]
    host = address.rpartition(":")[0] or address
    if mode == "disable":
        return Pass("sslmode disable: no certificate is looked at, and the password crosses the network in the clear")
    endpoint = look(observer, f"postgres:endpoint/{address}")
    if not endpoint.flag("tls"):
        return Fail(f"{address} does not offer TLS", "switch on ssl in PostgreSQL, or set database.sslmode: disable")
    if mode == "require":
        return Pass("sslmode require: encrypted, no name is looked at")
    if endpoint.shows("trusted") and not endpoint.flag("trusted"):
        if question.about["database_ca"]:
            return Fail(
                f"the certificate at {address} is not signed by the CA that the connection tells Vault to trust",
                "correct database.ca in migrate.yaml: the CA that signed it, then plan again",
            )
        return Fail(
            f"the certificate at {address} is signed by a CA that Vault does not know by itself",
            "set database.ca in migrate.yaml to the CA that signed it and plan again: the connection then carries it",
        )
    names = endpoint.texts("names")
    if mode == "verify-full" and not any(_bears(name, host) for name in names):
        return Fail(
            f"the certificate at {address} bears {joined(names) or 'no name'}, not {host}",
            "use an address that it bears (database.address), or a certificate for this one",
        )
    by = "the CA that the connection carries" if question.about["database_ca"] else "a public CA"
    return Pass(f"the certificate at {address} bears {joined(names)} and is signed by {by}")


def _bears(name: str, host: str) -> bool:
    if name.startswith("*."):
        return host.partition(".")[2].lower() == name[2:].lower()
    return name.lower() == host.lower()


CHECK = Check(
    "db.tls-name",
    ("address", "sslmode", "database_ca"),
    "the certificate served at the database bears its name",
    settled(ask),
)
