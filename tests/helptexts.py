"""docs/commands.md: the help text of every command, as the program says it. `python -m tests.helptexts` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from migrate.cli.application import application
from migrate.cli.verbs import verbs

FILE = Path(__file__).parents[1] / "docs" / "commands.md"
_HEAD = "# Commands\n\nGenerated from the program by `make docs`; a test compares the two.\n"


def text() -> str:
    """The whole file."""
    return _HEAD + "".join(_section(name) for name in verbs())


def _section(verb: str) -> str:
    program = typer.main.get_command(application([verb]))
    root = program.make_context("migrate", [], resilient_parsing=True, terminal_width=88)
    found = program.get_command(root, verb)  # type: ignore[attr-defined]
    return f"\n## {verb}\n" + "".join(_helps(found, verb, root))


def _helps(command: Any, name: str, parent: Any) -> Iterator[str]:
    context = command.make_context(name, [], parent=parent, resilient_parsing=True, terminal_width=88)
    said = "\n".join(line.rstrip() for line in command.get_help(context).split("\n"))
    yield f"\n```text\n{said.strip()}\n```\n"
    for below in getattr(command, "commands", {}):
        yield from _helps(command.commands[below], below, context)


if __name__ == "__main__":
    FILE.write_text(text())
