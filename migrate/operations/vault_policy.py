"""The workload's policy: the paths it reads, no wildcard."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.operations.subject import Entering
from migrate.operations.wish import Arguments, Put, Wish, text


def vault_policy(subject: Entering, arguments: Arguments) -> Iterator[Wish]:
    """The policy, from the template that the phase names, once for each path. `${path}` in it is the path."""
    target, file, grants = subject.policy, text(arguments, "policy"), subject.grants(arguments)
    paths = [grant.path for grant in grants]
    policy = "\n".join(text(arguments, "template").replace("${path}", path) for path in paths)
    yield Wish(
        target=target,
        act=Put({"policy": policy}),
        summary=f"policy {target.short}: {arguments.get('may', 'read')} {', '.join(paths)} and nothing else",
        blast="nobody has it yet",
        guard="refused if a policy of this name exists",
        needs=(f"vault: create, update, delete on {target.path}",),
        rests_on=tuple(one for grant in grants for one in grant.rests_on),
        policy=file,
    )
