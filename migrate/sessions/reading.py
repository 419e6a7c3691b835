"""Markdown to a runbook. Headings and fences are found by a Markdown parser, so they mean what a Git forge shows.

Nothing is raised for a text that is wrong: what cannot be understood becomes a fault with its line.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic import BaseModel, ValidationError

from migrate.documents.reader import YamlFault, load_all
from migrate.engine.advance import FRESH_CONSENT
from migrate.model.plan import STAGES
from migrate.sessions.fences import ConfirmFence, EvidenceFence, FrontMatter, GateFence, ManualFence
from migrate.sessions.runbook import Command, Fault, Input, Part, Runbook, Step, Text, digest_of

_MODELS: dict[str, type[GateFence | ConfirmFence | EvidenceFence | ManualFence]] = {
    "gate": GateFence,
    "confirm": ConfirmFence,
    "evidence": EvidenceFence,
    "manual": ManualFence,
}
FENCES = ("migrate", *_MODELS)
_FRONT = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*\r?\n", re.DOTALL | re.MULTILINE)
# Three ways to write an anchor: as HTML that no forge shows, as a comment, and as kramdown and Pandoc do.
_ID = re.compile(r"""\s*(?:<a\s+(?:id|name)="([^"]*)">\s*</a>|<!--\s*#(\S+)\s*-->|\{#([^}\s]*)\})\s*""")
_GOOD_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_Model = TypeVar("_Model", bound=BaseModel)
_SHELL = frozenset({"|", "||", "&", "&&", ";", ">", ">>", "<", "2>", "2>&1"})


def read_runbook(text: str) -> Runbook:
    """The runbook in a text, with all its faults."""
    front = _FRONT.match(text)
    faults = list[Fault]()
    about = _front_matter(front[1] if front else "", faults)
    body = _Body(text.split("\n"), faults)
    # The front matter is blanked, not cut, so that lines keep their numbers.
    blanked = "\n" * text[: front.end()].count("\n") + text[front.end() :] if front else text
    body.read(MarkdownIt("commonmark").enable("table").parse(blanked), front[0].count("\n") if front else 0)
    inputs = tuple(Input(one.name, one.what, one.pattern, one.default, one.example) for one in about.inputs)
    return Runbook(
        about.title,
        about.phase,
        about.owner,
        str(about.reviewed),
        inputs,
        body.intro,
        tuple(body.steps),
        text,
        tuple(sorted(faults, key=lambda fault: fault.line)),
    )


def _front_matter(text: str, faults: list[Fault]) -> FrontMatter:
    if not text.strip():
        faults.append(Fault(1, "front-matter", "there is no front matter", "begin with --- and title, owner, reviewed"))
        return FrontMatter.model_construct(title="", phase="", owner="", reviewed="", inputs=())
    found = _model(FrontMatter, text, 1, "front-matter", faults)
    return found or FrontMatter.model_construct(title="", phase="", owner="", reviewed="", inputs=())


@dataclass(slots=True)
class _Body:
    """Walks the tokens once, cutting the text where headings and typed fences stand."""

    lines: list[str]
    faults: list[Fault]
    intro: str = ""
    steps: list[Step] = field(default_factory=list)
    _title: str | None = None
    _id: str = ""
    _start: int = 0
    _cut: int = 0
    _blocks: list[Text | Part] = field(default_factory=list)

    def read(self, tokens: list[Token], start: int) -> None:
        self._start = self._cut = start
        for position, token in enumerate(tokens):
            if token.type == "heading_open" and token.tag == "h2" and token.level == 0 and token.map:
                self._close(token.map[0])
                self._open(tokens[position + 1].content, token.map)
            elif token.type == "fence" and token.map and token.info.split()[:1] and token.info.split()[0] in FENCES:
                self._fence(token, token.map)
        self._close(len(self.lines))

    def _open(self, heading: str, place: list[int]) -> None:
        found = _ID.search(heading)
        self._id = next((group for group in found.groups() if group is not None), "") if found else ""
        self._title, self._start, self._cut = _ID.sub(" ", heading).strip(), place[0], place[1]
        if found and not _GOOD_ID.fullmatch(self._id):
            self._fault(place[0], "id.form", f"{self._id!r} is no id", "small letters, digits and hyphens")

    def _close(self, end: int) -> None:
        self._prose(end)
        parts = [block for block in self._blocks if not isinstance(block, Text)]
        source = "\n".join(self.lines[self._start : end])
        if self._title is not None and self._id:
            if any(step.id == self._id for step in self.steps):
                self._fault(self._start, "id.twice", f"two steps are called {self._id}", "give one another id")
            blocks = tuple(self._blocks)
            self.steps.append(Step(self._id, self._title, self._start + 1, blocks, digest_of(source)))
        elif parts:
            where = f"section {self._title!r}" if self._title is not None else "the text before the first section"
            fix = f'write the heading as: ## {self._title or "Title"} <a id="name"></a>'
            self._fault(parts[0].line - 1, "id.missing", f"{where} has something to do and no id", fix)
        else:
            self.intro += source + "\n"
        self._blocks = []

    def _prose(self, end: int) -> None:
        text = "\n".join(self.lines[self._cut : end]).strip("\n")
        if text.strip():
            self._blocks.append(Text(text))

    def _fence(self, token: Token, place: list[int]) -> None:
        self._prose(place[0])
        self._cut = place[1]
        kind, *options = token.info.split()
        number = place[0] + 1
        if kind == "migrate":
            self._blocks.extend(self._commands(token.content, options, number))
            return
        if options:
            self._fault(place[0], "fence", f"{kind} takes no {' '.join(options)}", "write settings inside the fence")
        found = _model(_MODELS[kind], token.content, number, "fence", self.faults)
        if found is not None:
            self._blocks.append(found.part(number))

    def _commands(self, text: str, options: list[str], first: int) -> Iterator[Part]:
        expect, places = self._expected(options, first)
        for number, typed in _joined(text, first + 1):
            try:
                words = shlex.split(typed, comments=True)
            except ValueError as error:
                self._fault(number - 1, "command.words", f"{typed}: {error}", "close what is open")
                continue
            if not words:
                continue
            if words[0] != "migrate":
                fix = "put commands of others in a fence of another kind, and attest them with manual"
                self._fault(number - 1, "command.other", f"{words[0]} is none of our commands", fix)
            elif shell := sorted(_SHELL & set(words)):
                self._fault(number - 1, "command.shell", f"no shell runs this: {' '.join(shell)}", "leave it out")
            else:
                yield Command(number, typed, tuple(words[1:]), expect, **places)

    def _expected(self, options: list[str], line: int) -> tuple[frozenset[int], dict[str, str]]:
        codes, places = {0}, dict[str, str]()
        for option in options:
            name, _, value = option.partition("=")
            if name == "exit" and re.fullmatch(r"\d+(,\d+)*", value):
                codes = {int(code) for code in value.split(",")}
            elif (name == "past" and value in STAGES) or (name == "asks" and value == FRESH_CONSENT):
                places[name] = value
            else:
                fix = f"known are exit=CODE,CODE, past=STAGE ({', '.join(STAGES)}) and asks={FRESH_CONSENT}"
                self._fault(line - 1, "fence", f"{option} means nothing here", fix)
        return frozenset(codes), places

    def _fault(self, at: int, code: str, text: str, fix: str) -> None:
        self.faults.append(Fault(at + 1, code, text, fix))


def _joined(text: str, first: int) -> Iterator[tuple[int, str]]:
    """Each command with its line; a backslash at the end goes on in the next line."""
    whole, start = "", first
    for number, line in enumerate(text.split("\n"), first):
        start = start if whole else number
        if line.rstrip().endswith("\\"):
            whole += line.rstrip()[:-1].strip() + " "
            continue
        if typed := (whole + line.strip()).strip():
            yield start, typed
        whole = ""
    if whole.strip():
        yield start, whole.strip()


def _model(model: type[_Model], text: str, line: int, code: str, faults: list[Fault]) -> _Model | None:
    try:
        documents = load_all(text.encode("utf-8", "surrogatepass"))
        return model.model_validate(documents[0].value if documents else {})
    except YamlFault as error:
        faults.append(Fault(line + error.line, code, str(error), "it is YAML: name: value"))
    except ValidationError as error:
        for wrong in error.errors():
            place = ".".join(map(str, wrong["loc"])) or "it"
            faults.append(Fault(line, code, f"{place}: {wrong['msg']}", "docs/how-to/runbook.md has the format"))
    return None
