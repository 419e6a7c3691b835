"""The application's policy lets it encrypt and decrypt with its one key, and nothing else."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.checks.policy_capability import granted_by
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Read from the policy itself, as Vault holds it."""
    name, paths = question.about["policy"], question.about["paths"].split()
    policy = look(observer, f"vault:policy/{name}")
    if not policy.exists:
        return Fail(f"there is no policy {name}", "see why its step left none: migrate log")
    granted = granted_by(policy.text("policy"))
    if lacking := [path for path in paths if granted.get(path) != {"update"}]:
        return Fail(
            f"policy {name} does not grant exactly update on {joined(lacking)}",
            f"somebody changed it: restore policy {name}",
        )
    if beyond := sorted(granted.keys() - set(paths)):
        return Fail(f"policy {name} also grants {joined(beyond)}", f"somebody changed it: restore policy {name}")
    return Pass(f"policy {name} grants update on {joined(paths)} and nothing else")


CHECK = Check(
    "transit.capability", ("policy", "paths"), "the application may use its one key and no other", settled(ask)
)
