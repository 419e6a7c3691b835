"""`migrate least-privilege`: what each workload could read through ESO's token, and can read now. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.completing import plan_files
from migrate.cli.place import EstateOption, WorldOption
from migrate.model.errors import Usage

if TYPE_CHECKING:
    from migrate.cli.place import Place
    from migrate.estate.inventory import Inventory
    from migrate.model.plan import Plan
    from migrate.model.ports import Observer
    from migrate.planning.privilege import Own, Readers
    from migrate.stores.servers.opening import Servers

_MOST = 20_000
"""So many values are listed; of a Vault with more, only those that the estate names are told."""


class Format(StrEnum):
    """How it is written."""

    TABLE = "table"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What servers said. `unknown`: stores whose token's policies are not known, each with why."""

    owns: tuple[Own, ...]
    readers: Readers
    unknown: tuple[tuple[str, str], ...] = ()


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("least-privilege")(least_privilege)


def least_privilege(
    plans: Annotated[
        list[Path] | None,
        typer.Argument(help="Plans. Default: those of the estate's runs.", autocompletion=plan_files),
    ] = None,
    estate: EstateOption = None,
    world: WorldOption = None,
    live: Annotated[
        bool, typer.Option("--live", help="Ask Vault what ESO's token and the workloads' policies really grant.")
    ] = False,
    output: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TABLE,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document (migrate.privilege/v1).")] = False,
) -> None:
    """Compare, path by path, what each workload could read through ESO's token with what its own policy grants.

    Without --live the store's token is credited with what it copies in Git, and plans say what the policies grant.
    Exit 0.
    """
    from migrate.cli.place import place
    from migrate.cli.scan import take
    from migrate.planning.privilege import compared
    from migrate.views import privilege as view

    if live and world is not None:
        raise Usage("--live and --world exclude each other", following="leave out one of them")
    where = place(estate, world)
    inventory = take(where.estate).inventory
    seen = _seen(where, _plans(where, plans), inventory, live=live)
    rows = compared(inventory, seen.owns, seen.readers)
    view.show(rows, seen.unknown, live=live, as_json=as_json, markdown=output is Format.MARKDOWN)


def _plans(where: Place, named: list[Path] | None) -> list[Plan]:
    """The plans that are meant; of several for one workload the newest."""
    from migrate.cli.place import known_runs
    from migrate.cli.show import read_plan

    if named:
        found = [read_plan(path).plan for path in named]
    else:
        found = [one.loaded.plan for one in known_runs(where) if one.run.ended != "rolled-back"]
    newest = dict[str, "Plan"]()
    for plan in found:
        newest.setdefault(plan.unit, plan)
    return list(newest.values())


def _seen(where: Place, plans: list[Plan], inventory: Inventory, *, live: bool) -> _Seen:
    from migrate.planning.privilege import Readers, owns

    if live:
        return _on_servers(where, plans, inventory)
    if where.world is not None and plans:
        return _Seen(tuple(_owns(plans, inventory, _practice(where))), Readers({}))
    return _Seen(tuple(one for plan in plans for one in owns(plan, inventory)), Readers({}))


def _on_servers(where: Place, plans: list[Plan], inventory: Inventory) -> _Seen:
    from migrate.cli.live import opened
    from migrate.stores.settings import settings_of

    servers = opened(where.estate, settings_of(where.estate))
    readers, unknown = _readers(servers)
    return _Seen(tuple(_owns(plans, inventory, servers.observer)), readers, unknown)


def _owns(plans: Iterable[Plan], inventory: Inventory, observer: Observer) -> Iterator[Own]:
    """The plans' policies as they are now. Raises Unreachable."""
    from migrate.model.change import Doc
    from migrate.model.json import text_at
    from migrate.planning.privilege import owns

    for plan in plans:
        current = dict[str, str | None]()
        for target in (step.change.target for step in plan.steps if step.change.target.kind == "policy"):
            state = observer.observe(target)
            current[target.name] = text_at(state.value, "policy") if isinstance(state, Doc) else None
        yield from owns(plan, inventory, current)


def _practice(where: Place) -> Observer:
    from migrate.stores.practice import practice

    assert where.world is not None
    return practice(where.world, where.estate, None, make=False)


def _readers(servers: Servers) -> tuple[Readers, tuple[tuple[str, str], ...]]:
    from migrate.grants.policy import Rule
    from migrate.grants.reading import read_policy
    from migrate.model.errors import MigrateError
    from migrate.planning.privilege import Readers, label
    from migrate.stores.servers.readers import listed_values, reader_policies
    from migrate.stores.vault.grants import kv_mounts

    rules, unknown = dict[str, tuple[Rule, ...]](), list[tuple[str, str]]()
    for store, found in reader_policies(servers.cluster, servers.vault):
        name = label(store.kind, store.namespace, store.name)
        if isinstance(found, str):
            unknown.append((name, found))
        else:
            # `default` is every token's, the workloads' as well: it makes nobody any more or less.
            own = {title: text for title, text in found.items() if title != "default"}
            rules[name] = tuple(rule for title, text in own.items() for rule in read_policy(title, text).rules)
    try:
        listed = listed_values(servers.vault, kv_mounts(servers.vault), _MOST) or []
    except MigrateError:
        listed = []
    return Readers(rules, tuple(listed)), tuple(unknown)
