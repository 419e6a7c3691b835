"""The role issues certificates for the one name, and the policy lets the workload ask for those alone."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.checks.policy_capability import granted_by
from migrate.model.ports import Observer
from migrate.targets.pki import unlike


def ask(observer: Observer, question: Question) -> Answer:
    """Field by field: a role that was widened is somebody else's change."""
    about = question.about
    role = look(observer, f"vault:{about['pki_mount']}/roles/{about['pki_role']}")
    if not role.exists:
        return Fail(f"there is no PKI role {about['pki_role']}", "see why its step left none: migrate log")
    fields = unlike(role.target, role.value, about["new_login"], int(about["life"]))
    if fields:
        return Fail(
            f"PKI role {about['pki_role']} is not for {about['new_login']} alone: {joined(fields)}",
            f"somebody changed it: restore {about['pki_mount']}/roles/{about['pki_role']}",
        )
    policy = look(observer, f"vault:policy/{about['policy']}")
    if not policy.exists:
        return Fail(f"there is no policy {about['policy']}", "see why its step left none: migrate log")
    granted = granted_by(policy.text("policy"))
    if granted != {about["path"]: {"update"}}:
        return Fail(
            f"policy {about['policy']} does not grant update on {about['path']} and nothing else",
            f"somebody changed it: restore policy {about['policy']}",
        )
    return Pass(f"role {about['pki_role']} issues for {about['new_login']} alone, and policy {about['policy']} asks it")


CHECK = Check(
    "pki.role-names",
    ("pki_mount", "pki_role", "policy", "path", "new_login", "life"),
    "the workload can get a certificate for its one name and no other",
    settled(ask),
)
