"""Whether a runbook can be followed today: rules over its value, none of them about taste."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from migrate.sessions.commands import Parse, Parsed, Unparsed
from migrate.sessions.runbook import (
    BUILT_IN,
    DIGEST,
    ESTATE,
    ROLLBACK,
    Command,
    Confirm,
    Evidence,
    Fault,
    Gate,
    Input,
    Manual,
    Part,
    Runbook,
    Text,
    filled,
    placeholders,
)

_LINK = re.compile(r"\]\(#([^)\s]*)\)")
_SECRET = re.compile(r"(^|-)(password|passphrase|secret|token|pin|key|credential|dsn)(-|$)")


def check(runbook: Runbook, parse: Parse, checks: Container[str]) -> list[Fault]:
    """Everything that stands in the way of following it, by line. `checks`: the names that gates may use."""
    found = [
        *runbook.faults,
        *_steps(runbook),
        *_inputs(runbook),
        *_commands(runbook, parse),
        *_looks(runbook, checks),
        *_links(runbook),
        *_way_back(runbook, parse),
    ]
    return sorted(found, key=lambda fault: fault.line)


def _steps(runbook: Runbook) -> Iterator[Fault]:
    if not any(step.parts for step in runbook.forward):
        yield Fault(1, "steps.none", "there is nothing to do in it", 'a step is: ## Title <a id="name"></a>')


def _parts(runbook: Runbook) -> Iterator[Part]:
    return (part for step in runbook.steps for part in step.parts)


def texts(part: Part) -> list[str]:
    """Everything in a part that placeholders may stand in."""
    match part:
        case Command(words=words):
            return list(words)
        case Gate(about=about):
            return [value for _, value in about]
        case Confirm(words=words, plan=plan):
            return [words, plan]
        case Evidence(what=what):
            return [what]
        case Manual(do=do, about=about):
            return [do, *(value for _, value in about)]


def _inputs(runbook: Runbook) -> Iterator[Fault]:
    yield from (fault for given in runbook.inputs for fault in _input(given))
    names = [given.name for given in runbook.inputs]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Fault(1, "input.twice", f"two inputs are called {name}", "give one another name")
    used = set[str]()
    for part in _parts(runbook):
        for name in [name for text in texts(part) for name in placeholders(text)]:
            used.add(name)
            if name not in names and name not in BUILT_IN:
                yield Fault(part.line, "input.unknown", f"nothing fills ${{{name}}}", "add it to inputs")
    prose = [block.text for step in runbook.steps for block in step.blocks if isinstance(block, Text)]
    used.update(name for text in (runbook.intro, *prose) for name in placeholders(text))
    for name in sorted(set(names) - used):
        yield Fault(1, "input.unused", f"input {name} is asked for and never used", f"use ${{{name}}}, or do not ask")


def _input(given: Input) -> Iterator[Fault]:
    if _SECRET.search(given.name):
        fix = "name the file or variable that holds it, and call the input after that: it is written down"
        yield Fault(1, "input.secret", f"input {given.name} sounds secret", fix)
    if given.name in BUILT_IN:
        yield Fault(1, "input.built-in", f"${{{given.name}}} is filled in by the session", "choose another name")
    for value in filter(None, (given.default, given.example)):
        if not re.fullmatch(given.pattern, value):
            yield Fault(1, "input.pattern", f"input {given.name}: {value!r} does not fit its own pattern", "change one")


def _commands(runbook: Runbook, parse: Parse) -> Iterator[Fault]:
    samples = {given.name: given.sample for given in runbook.inputs} | {ESTATE: ".", DIGEST: "0" * 64}
    agreed = False
    for part in _parts(runbook):
        agreed = agreed or (isinstance(part, Confirm) and bool(part.plan))
        if any(DIGEST in placeholders(text) for text in texts(part)) and not agreed:
            fix = "put a confirm with plan: before it"
            yield Fault(part.line, "digest.unapproved", f"${{{DIGEST}}} before anybody agreed to a plan", fix)
        if isinstance(part, Command):
            match parse([filled(word, samples) for word in part.words]):
                case Unparsed(why):
                    yield Fault(part.line, "command.unparsed", f"{part.typed}: {why}", "migrate --help has the words")
                case Parsed(verb=verb) if verb.split()[0] == "session":
                    fix = "leave it out: whoever follows the runbook drives the session"
                    yield Fault(part.line, "command.session", "a runbook cannot drive sessions", fix)


def _looks(runbook: Runbook, checks: Container[str]) -> Iterator[Fault]:
    for part in _parts(runbook):
        name = part.check if isinstance(part, Gate | Manual) else ""
        if name and name not in checks:
            yield Fault(part.line, "gate.unknown", f"there is no check called {name}", "migrate phases show names them")


def _links(runbook: Runbook) -> Iterator[Fault]:
    ids = {step.id for step in runbook.steps}
    for number, line in enumerate(runbook.text.split("\n"), 1):
        for target in _LINK.findall(line):
            if target not in ids:
                yield Fault(number, "link.broken", f"#{target} is no step", f"one of: {', '.join(sorted(ids))}")


def _way_back(runbook: Runbook, parse: Parse) -> Iterator[Fault]:
    back = runbook.step(ROLLBACK)
    if back is None:
        if any(_changes(part, parse) for part in _parts(runbook)):
            fix = f'add: ## How to go back <a id="{ROLLBACK}"></a>'
            yield Fault(1, "rollback.missing", "it changes things and does not say how to go back", fix)
    elif not runbook.forward:
        yield Fault(back.line, "rollback.unreachable", "nothing comes before the way back", "put it after the steps")
    elif not any(_LINK.search(line) and f"(#{ROLLBACK})" in line for line in runbook.text.split("\n")[: back.line]):
        fix = f"say where one turns back: [go back](#{ROLLBACK})"
        yield Fault(back.line, "rollback.unreachable", "no step before it leads to the way back", fix)


def _changes(part: Part, parse: Parse) -> bool:
    if isinstance(part, Command):
        parsed = parse(part.words)
        return isinstance(parsed, Parsed) and parsed.effect != "reads"
    return isinstance(part, Manual)
