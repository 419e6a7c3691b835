"""How a state of Vault is written: the body of the one request, and the line that says whose a policy is.

The line names the plan and nothing that is known only when it runs: who grants the right to write a policy fixes its
text beforehand, to the letter.
"""

from __future__ import annotations

from migrate.model.json import Json
from migrate.model.target import Target
from migrate.targets.compare import MARK
from migrate.targets.kinds import flattened, kind_of


def body(target: Target, value: Json) -> dict[str, Json]:
    """What is sent so that the target has this state; write-only fields come beside it."""
    kind = kind_of(target)
    return {key: one for key, one in flattened(kind, value).items() if key not in kind.moving and one is not None}


def grant(path: str, *capabilities: str) -> str:
    """The line of a policy that allows it, as people add it to one."""
    named = ", ".join(f'"{one}"' for one in capabilities)
    return f'path "{path}" {{ capabilities = [{named}] }}'


def marked(policy: str, plan: str) -> str:
    """A policy's text as a run of the plan writes it."""
    return f"{MARK}, plan {plan}\n{policy}"


def unmarked(policy: str) -> str:
    """A policy's text without the line that a run left in it."""
    first, newline, rest = policy.partition("\n")
    return rest if newline and first.startswith(MARK) else policy
