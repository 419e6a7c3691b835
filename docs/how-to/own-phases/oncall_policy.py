"""A policy for whoever is on call: they may rotate one workload's password by hand, and see nothing of it."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.target import Target
from migrate.operations.login import LoginSubject
from migrate.operations.wish import Arguments, Put, Wish, text


def oncall_policy(subject: LoginSubject, arguments: Arguments) -> Iterator[Wish]:
    """The right to rotate the workload's own static role, and no other."""
    target = Target("vault", "policy", f"{subject.policy.name}-{text(arguments, 'suffix')}")
    path = f"{subject.vault.database_mount}/rotate-role/{subject.static_role.name}"
    rule = f'# Rotate one password by hand.\npath "{path}" {{\n  capabilities = ["update"]\n}}\n'
    yield Wish(
        target=target,
        act=Put({"policy": rule}),
        summary=f"policy {target.name}: rotate {subject.static_role.name} by hand, and nothing else",
        blast="nobody has it yet",
        guard="refused if a policy of this name exists",
        needs=(f"vault: create, update, delete on {target.path}",),
    )
