"""The workload's policy: one path, no wildcard."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.operations.subject import Subject
from migrate.operations.wish import Arguments, Put, Wish, text


def vault_policy(subject: Subject, arguments: Arguments) -> Iterator[Wish]:
    """The policy, from the template that the phase names. `${path}` in it is the one path the workload reads."""
    target, file = subject.policy, text(arguments, "policy")
    yield Wish(
        target=target,
        act=Put({"policy": text(arguments, "template").replace("${path}", credential_path(subject, arguments))}),
        summary=f"policy {target.short}: read {credential_path(subject, arguments)} and nothing else",
        blast="nobody has it yet",
        guard="refused if a policy of this name exists",
        needs=(f"vault: create, update, delete on {target.path}",),
        rests_on=(subject.dynamic_role if arguments.get("dynamic") is True else subject.static_role,),
        policy=file,
    )


def credential_path(subject: Subject, arguments: Arguments) -> str:
    """Where the workload reads its credential."""
    engine = subject.vault.database_mount
    if arguments.get("dynamic") is True:
        return f"{engine}/creds/{subject.dynamic_role.short}"
    return f"{engine}/static-creds/{subject.static_role.short}"
