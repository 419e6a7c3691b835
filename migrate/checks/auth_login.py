"""A token of the workload's ServiceAccount logs in to Vault, and gets the one policy."""

from __future__ import annotations

from urllib.parse import urlencode

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """A real login as the workload would make it; its token is revoked at once."""
    about = question.about
    account = f"{about['namespace']}/{about['account']}"
    asked = urlencode({"role": f"auth/{about['auth_mount']}/role/{about['jwt_role']}", "audience": about["audience"]})
    login = look(observer, f"cluster:LoginAs/{account}?{asked}")
    if not login.flag("allowed"):
        why = f": {login.text('why')}" if login.shows("why") else ""
        return Fail(
            f"ServiceAccount {account} cannot log in as {about['jwt_role']}{why}",
            f"compare auth/{about['auth_mount']}/role/{about['jwt_role']} (bound_subject, bound_audiences) with it",
        )
    policies = [one for one in login.texts("policies") if one != "default"]
    if policies != [about["policy"]]:
        return Fail(
            f"logged in, but with policies {joined(policies) or 'none'}",
            f"the role must have {about['policy']} and no other",
        )
    return Pass(f"ServiceAccount {account} logs in as {about['jwt_role']} and gets {about['policy']}")


CHECK = Check(
    "auth.login",
    ("namespace", "account", "auth_mount", "jwt_role", "audience", "policy"),
    "the workload's ServiceAccount can log in to Vault",
    settled(ask),
    prefix=True,
)
