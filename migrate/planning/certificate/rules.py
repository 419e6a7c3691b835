"""Who owns PostgreSQL's host-based rules: a database operator's object in the tree, or nobody there."""

from __future__ import annotations

from dataclasses import dataclass

from migrate.model.errors import Refused
from migrate.model.json import Json, Pointer, at_pointer, pointer_text, sequence, strings
from migrate.model.target import Target
from migrate.operations.certificate import Rules, RulesByHand, RulesInGit
from migrate.operations.subject import Place
from migrate.planning.database import Server


@dataclass(frozen=True, slots=True)
class _Owner:
    """Where an operator's object lists the rules, and what it does while the list is empty.

    `instead`: rules it then adds by itself; None where it then writes a whole file that an only rule would replace.
    """

    pointer: Pointer
    instead: tuple[str, ...] | None


# Crunchy: internal/patroni/config.go, "include the recommended defaults" when the section is missing or empty.
# CloudNativePG: docs, postgresql.conf: the list stands between its fixed rules and its last one, always.
# Zalando: Spilo writes its own file unless the list says otherwise.
_OWNERS = {
    "PostgresCluster": _Owner(
        ("spec", "patroni", "dynamicConfiguration", "postgresql", "pg_hba"), ("hostssl all all all md5",)
    ),
    "Cluster": _Owner(("spec", "postgresql", "pg_hba"), ()),
    "postgresql": _Owner(("spec", "patroni", "pg_hba"), None),
}


def listed(kind: str, value: Json) -> list[str]:
    """The rules that an operator's object of that kind lists, line by line."""
    return strings(at_pointer(value, _OWNERS[kind].pointer))


def rules_of(server: Server | None, host: str, *, by_hand: bool) -> Rules:
    """The rules that decide who gets in at `host`. Raises Refused where nothing in the tree owns them, or not alone."""
    if by_hand:
        return RulesByHand()
    if server is None:
        raise Refused(
            f"no database operator's object in this tree stands behind {host or 'the database'}, so its pg_hba is not "
            "in Git, and this tool edits no file on a server",
            undone="no plan was made",
            following="set database.hba: by-hand in migrate.yaml; the plan then waits until the server asks the new "
            "login for its certificate, and says with which line it does",
        )
    found, owner = server.found, _OWNERS[server.found.kind]
    if "authentication" in found.spec:
        raise _cannot(server, "it also gives rules under spec.authentication, which stand above the list")
    node, lines = at_pointer(found.value, owner.pointer), listed(found.kind, found.value)
    if len(lines) != len(sequence(node)) or (node is not None and not isinstance(node, list)):
        raise _cannot(server, f"{pointer_text(owner.pointer)} is no list of lines")
    if not lines and owner.instead is None:
        raise _cannot(
            server, f"it lists no rules ({pointer_text(owner.pointer)}), and an only one would replace them all"
        )
    target = Target("git", found.kind, f"{found.namespace}/{found.name}")
    return RulesInGit(target, Place(found.file, found.document), owner.pointer, tuple(lines), owner.instead or ())


def _cannot(server: Server, why: str) -> Refused:
    return Refused(
        f"the rules of {server.name} cannot be edited: {why}",
        truth=f"{server.found.file} is as it was",
        undone="no plan was made",
        following="write the rules out there, or set database.hba: by-hand in migrate.yaml and see to them yourself",
    )
