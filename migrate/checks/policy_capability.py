"""The workload's policy lets it read its one path, and nothing else."""

from __future__ import annotations

import re

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.model.ports import Observer

_RULE = re.compile(r'path\s+"([^"]+)"\s*\{([^}]*)\}')
_WORD = re.compile(r'"([a-z]+)"')
_COMMENT = re.compile(r"(?m)^\s*(#|//).*$")


def ask(observer: Observer, question: Question) -> Answer:
    """Read from the policy itself, as Vault holds it."""
    name, path = question.about["policy"], question.about["path"]
    policy = look(observer, f"vault:policy/{name}")
    if not policy.exists:
        return Fail(f"there is no policy {name}", "see why its step left none: migrate log")
    granted, paths = granted_by(policy.text("policy")), path.split("\n")
    if wrong := [one for one in paths if granted.get(one) != {"read"}]:
        return Fail(
            f"policy {name} does not grant exactly read on {joined(wrong)}",
            f"somebody changed it: restore policy {name}",
        )
    beyond = sorted(granted.keys() - {*paths})
    if beyond:
        return Fail(f"policy {name} also grants {joined(beyond)}", f"somebody changed it: restore policy {name}")
    return Pass(f"policy {name} grants read on {joined(paths)} and nothing else")


def granted_by(text: str) -> dict[str, set[str]]:
    """Capabilities by path, of a policy in HCL."""
    found = dict[str, set[str]]()
    for path, body in _RULE.findall(_COMMENT.sub("", text)):
        found.setdefault(path, set()).update(_WORD.findall(body))
    return found


CHECK = Check("policy.capability", ("policy", "path"), "the workload can read its one path and no other", settled(ask))
