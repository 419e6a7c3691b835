"""A token of the workload's ServiceAccount logs in to Vault, and gets the one policy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import Seen, joined, look, settled
from migrate.model.ports import Observer

_KEYS = re.compile(r"\b(signature|known key|key id|kid)\b")
_SUBJECT = re.compile(r"\bsub(ject)?\b")


def ask(observer: Observer, question: Question) -> Answer:
    """A real login as the workload would make it; its token is revoked at once."""
    about = question.about
    if about["account_comes"]:
        return _bound(observer, about)
    account = f"{about['namespace']}/{about['account']}"
    asked = urlencode({"role": f"auth/{about['auth_mount']}/role/{about['jwt_role']}", "audience": about["audience"]})
    login = look(observer, f"cluster:LoginAs/{account}?{asked}")
    if not login.flag("allowed"):
        return _refused(login, about, f"ServiceAccount {account} cannot log in as {about['jwt_role']}")
    policies = [one for one in login.texts("policies") if one != "default"]
    if policies != [about["policy"]]:
        return Fail(
            f"logged in, but with policies {joined(policies) or 'none'}",
            f"the role must have {about['policy']} and no other",
        )
    return Pass(f"ServiceAccount {account} logs in as {about['jwt_role']} and gets {about['policy']}")


def _refused(login: Seen, about: Mapping[str, str], what: str) -> Fail:
    """Which side to correct: Vault names the first thing that does not fit, the token says what it would take."""
    why, issuer, key = (str(login.value.get(name) or "") for name in ("why", "issuer", "key"))
    mount, role = f"auth/{about['auth_mount']}/config", f"auth/{about['auth_mount']}/role/{about['jwt_role']}"
    subject = f"system:serviceaccount:{about['namespace']}:{about['account']}"
    if _KEYS.search(why):
        fix = (
            f"{mount} does not know the key {key} that signs this cluster's tokens (another one after each rebuild): "
            "write it there, from kubectl get --raw /openid/v1/jwks"
        )
    elif "issuer" in why:
        fix = f"bound_issuer of {mount} must be {issuer}"
    elif "audience" in why:
        fix = f"bound_audiences of {role} must hold {about['audience']}"
    elif _SUBJECT.search(why):
        fix = f"bound_subject of {role} must be {subject}"
    else:
        fix = f"compare {role} (bound_subject, bound_audiences) and {mount} (bound_issuer, keys) with its token"
    return Fail(f"{what}{f': {why}' if why else ''}", fix)


def _strangers(observer: Observer, about: Mapping[str, str]) -> Fail | str:
    """What an account that is there already shows: Vault must know its key and issuer, and yet turn it away."""
    asked = urlencode({"role": f"auth/{about['auth_mount']}/role/{about['jwt_role']}", "audience": about["audience"]})
    login = look(observer, f"cluster:LoginAs/{about['namespace']}/default?{asked}")
    if login.value.get("allowed") is True:
        return Fail(
            f"ServiceAccount {about['namespace']}/default gets in as {about['jwt_role']}: the role is for anybody",
            f"somebody changed it: restore auth/{about['auth_mount']}/role/{about['jwt_role']}",
        )
    why = str(login.value.get("why") or "")
    if _KEYS.search(why) or "issuer" in why:
        return _refused(login, about, "Vault does not take this cluster's tokens")
    known = _SUBJECT.search(why) is not None
    return "; Vault knows the key and issuer of this cluster's tokens, and turns other accounts away" if known else ""


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
    shown = _strangers(observer, about)
    if isinstance(shown, Fail):
        return shown
    return Pass(
        f"ServiceAccount {account} comes with the cutover, so nobody can log in as it yet; the role is for it alone, "
        f"with policy {about['policy']}{shown}"
    )


CHECK = Check(
    "auth.login",
    ("namespace", "account", "account_comes", "auth_mount", "jwt_role", "audience", "policy"),
    "the workload's ServiceAccount can log in to Vault",
    settled(ask),
    prefix=True,
)
