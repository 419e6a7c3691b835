"""`migrate practice`: look into a practice world, break something in it, or play the other operator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.model.errors import Usage

if TYPE_CHECKING:
    from migrate.model.json import Json
    from migrate.model.target import Target

Folder = Annotated[Path, typer.Argument(help="The world's folder, as given to --world.")]


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    group = typer.Typer(no_args_is_help=True, help=__doc__)
    group.command("show")(show)
    group.command("fault")(fault)
    group.command("edit")(edit)
    app.add_typer(group, name="practice")


def show(
    world: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, without any value.")] = False,
) -> None:
    """Show who runs, who waits for what, and what is broken on purpose. Never a value."""
    from migrate.stores.practice.hands import existing
    from migrate.views import practice as view
    from migrate.world.summary import summary

    found = existing(world.absolute())
    document = summary(found.world(), str(found.deployed.estate), found.deployed.commit())
    view.show(document, str(world), as_json=as_json)


def fault(
    world: Folder,
    name: Annotated[str, typer.Argument(help="sealed, vault, database, cluster, flux, eso, webhook, lost-answer, ...")],
    setting: Annotated[str, typer.Argument(help="on or off; a number for lost-answer and lost-request.")] = "on",
) -> None:
    """Break something on purpose, or mend it."""
    from migrate.stores.practice.hands import set_fault
    from migrate.views import practice as view

    set_fault(world.absolute(), name, setting)
    view.done(f"{name}: {setting}", str(world))


def edit(
    world: Folder,
    target: Annotated[
        str, typer.Argument(help="For example vault:policy/NAME, postgres:role/LOGIN, cluster:Pod/NS/NAME.")
    ],
    fields: Annotated[
        list[str] | None, typer.Option("--set", help="FIELD=VALUE; a value that is JSON is taken as JSON.")
    ] = None,
    gone: Annotated[bool, typer.Option("--remove", help="Take it away.")] = False,
) -> None:
    """Change something as another operator would: past every guard of this tool.

    postgres:sessions/LOGIN opens a session (client=NAME, database=NAME) or, with --remove, ends all of them.
    """
    from migrate.stores.practice.hands import set_fields, take_away
    from migrate.views import practice as view

    wanted, named = _fields(fields or []), _target(target)
    if gone == bool(wanted):
        raise Usage("say what to change: --set FIELD=VALUE, or --remove", following="migrate practice edit --help")
    if gone:
        take_away(world.absolute(), named)
    else:
        set_fields(world.absolute(), named, wanted)
    view.done(f"{target}: {'taken away' if gone else ', '.join(wanted) + ' set'}", str(world))


def _target(text: str) -> Target:
    from migrate.model.target import parse_target

    try:
        return parse_target(text)
    except ValueError as error:
        raise Usage(str(error), following="migrate practice edit --help") from error


def _fields(given: list[str]) -> dict[str, Json]:
    import json

    answer = dict[str, "Json"]()
    for one in given:
        name, equals, text = one.partition("=")
        if not (equals and name):
            raise Usage(
                f"{name or 'a field'} has no value: write FIELD=VALUE", following="migrate practice edit --help"
            )
        try:
            answer[name] = json.loads(text)
        except ValueError:
            answer[name] = text
    return answer
