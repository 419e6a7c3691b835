"""A token of the workload's ServiceAccount logs in to Vault, and gets the one policy."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """A real login as the workload would make it; its token is revoked at once."""
    about = question.about
    if about["account_comes"]:
        return _bound(observer, about)
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


def _bound(observer: Observer, about: Mapping[str, str]) -> Answer:
    """The account is not there yet, so nobody can log in as it: what Vault will ask of it is all there is to see."""
    account = f"{about['namespace']}/{about['account']}"
    role = look(observer, f"vault:auth/{about['auth_mount']}/role/{about['jwt_role']}")
    if not role.exists:
        return Fail(f"there is no login role {about['jwt_role']}", "see why its step left none: migrate log")
    subject = f"system:serviceaccount:{about['namespace']}:{about['account']}"
    bound = role.text("bound_subject") == subject and about["audience"] in role.texts("bound_audiences")
    if not bound or role.texts("token_policies") != [about["policy"]]:
        return Fail(
            f"login role {about['jwt_role']} is not for {subject} with policy {about['policy']}",
            f"somebody changed it: restore auth/{about['auth_mount']}/role/{about['jwt_role']}",
        )
    return Pass(
        f"ServiceAccount {account} comes with the cutover, so nobody can log in as it yet; the role is for it alone, "
        f"with policy {about['policy']}"
    )


CHECK = Check(
    "auth.login",
    ("namespace", "account", "account_comes", "auth_mount", "jwt_role", "audience", "policy"),
    "the workload's ServiceAccount can log in to Vault",
    settled(ask),
    prefix=True,
)
