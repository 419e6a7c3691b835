"""Our own command line as a table: what a command would mean, without running it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from migrate.sessions.commands import Effect, Parsed, Unparsed

# What a second time means. Whatever is not named here goes on from what is there, or does the same once more.
_EFFECTS: dict[str, Effect] = {"apply": "begins", "baseline": "begins"}
_READS = frozenset(
    (
        *("scan", "predict", "phases", "plan", "show", "explain", "status", "log", "verify", "runbook", "report"),
        *("doctor", "policies", "least-privilege"),
    )
)


def parse(words: Sequence[str]) -> Parsed | Unparsed:
    """What `migrate WORDS` would mean. Runs nothing and prints nothing, whatever the words."""
    from migrate.cli.application import application

    if not words:
        return Unparsed("no verb")
    if {"--help", "--version"} & set(words):
        return Unparsed("it only shows a text")
    if not (words[0].startswith("-") or _is_verb(words[0])):
        return Unparsed(f"there is no verb {words[0]}")
    try:
        return _walked(typer.main.get_command(application(words)), words)
    except Exception as error:
        if hasattr(error, "format_message"):  # typer's own errors; the class lies in a private module of it
            return Unparsed(error.format_message())
        raise


def _is_verb(word: str) -> bool:
    from migrate.cli.verbs import verbs

    return word in verbs()


def _walked(command: Any, words: Sequence[str]) -> Parsed | Unparsed:
    context = command.make_context("migrate", list(words))
    path = list[str]()
    while hasattr(command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        if not rest:
            if not command.invoke_without_command:
                return Unparsed(f"{' '.join(path)} needs a word more")
            break
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
        path.append(name)
    options = frozenset(word for parameter in command.params for word in parameter.opts if word.startswith("--"))
    given = frozenset(word.partition("=")[0] for word in words) & options
    effect = "reads" if path[0] in _READS else _EFFECTS.get(path[0], "repeats")
    return Parsed(" ".join(path), effect, options, given)
