"""A certificate from the role, got as the workload will get it, logs in to the database with verify-full."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import let_in, look, settled
from migrate.model.ports import Observer

_OTHER_RULE = ("no password supplied", "no pg_hba.conf entry")
"""What is said where another rule decided, or none: pg_hba_file_rules shows a file, which may not be loaded yet."""


def ask(observer: Observer, question: Question) -> Answer:
    """The whole way: login to Vault, issue, TLS both ways, login, and as whom one acts then."""
    about = question.about
    if about["account_comes"]:
        return Pass(
            f"ServiceAccount {about['namespace']}/{about['account']} comes with the cutover, so nobody can get its "
            "certificate yet: the rollout shows it"
        )
    asked = urlencode(
        {
            "role": f"auth/{about['auth_mount']}/role/{about['jwt_role']}",
            "audience": about["audience"],
            "path": about["path"],
            "name": about["new_login"],
            "database": about["database"],
            "host": about["server_name"],
        }
    )
    login = look(observer, f"cluster:CertificateLogin/{about['namespace']}/{about['account']}?{asked}")
    if not let_in(login):
        why = login.text("why") if login.shows("why") else "no reason given"
        if any(words in why for words in _OTHER_RULE):
            return Inconclusive(
                f"PostgreSQL does not ask {about['new_login']} for its certificate ({why}): whatever pg_hba.conf says "
                "now, it goes by what it loaded last",
                "select pg_reload_conf(); if it stays so, another rule stands above: select * from pg_hba_file_rules",
            )
        return Fail(f"a certificate for {about['new_login']} does not log in: {why}", _fix(about, why))
    if login.text("current") != about["owner"]:
        return Fail(
            f"logged in as {login.text('session')}, but acts as {login.text('current')}",
            f'ALTER ROLE "{about["new_login"]}" IN DATABASE "{about["database"]}" SET role = \'{about["owner"]}\'',
        )
    return Pass(
        f"a certificate from {about['path']} logs in as {login.text('session')} to {about['server_name']} with "
        f"verify-full and acts as {about['owner']}"
    )


def _fix(about: Mapping[str, str], why: str) -> str:
    if "does not match" in why or "verify failed" in why:
        wanted = f"a certificate for {about['server_name']}, signed by an authority of {about['pki_mount']}/"
        return f"give PostgreSQL {wanted}"
    if "unknown ca" in why or "unknown certificate" in why:
        return f"add the authorities of {about['pki_mount']}/ to what PostgreSQL trusts (ssl_ca_file), and reload"
    return "see the log of PostgreSQL for the reason"


CHECK = Check(
    "db.tls-client",
    (
        *("namespace", "account", "account_comes", "auth_mount", "jwt_role", "audience", "path", "pki_mount"),
        *("new_login", "database", "owner", "server_name"),
    ),
    "a certificate of the workload logs in with verify-full",
    settled(ask),
)
