"""What the documentation promises is what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from migrate.cli.verbs import verbs
from migrate.model.config import Adapter, Config, Override, Restored, SealedColumn, Source, TokenSource
from migrate.model.errors import Exit
from migrate.planning.configuration import read_config
from tests import helptexts

ROOT = Path(__file__).parents[1]


def test_every_exit_code_is_documented() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", (ROOT / "docs" / "exit-codes.md").read_text(), re.MULTILINE)
    assert {int(code): name.upper() for code, name in rows} == {code.value: code.name for code in Exit}


def test_every_reason_and_finding_code_is_documented() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "migrate" / "estate").glob("*.py"))
    used = set(re.findall(r'"((?:ready|adapt|code|keep|orphan|needs|secret|settings|store|wiring)\.[a-z-]+)"', sources))
    documented = set(re.findall(r"`([a-z]+\.[a-z-]+)`", (ROOT / "docs" / "verdicts.md").read_text()))
    assert len(used) > 20
    assert used - documented == set()


def _keys(section: type[BaseModel], above: str = "") -> Iterator[str]:
    """Every key of a section, written out; a list's or map's entries have their own words."""
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel) and not issubclass(inner, Source):
            yield from _keys(inner, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    documented = {
        key for row in re.findall(r"^\| (.*?) \|", text, re.MULTILINE) for key in re.findall(r"`([\w.]+)`", row)
    }
    assert set(_keys(Config)) == documented
    for entry in (Override, Adapter, TokenSource, SealedColumn, Restored):
        assert all(f"{name}" in text for name in entry.model_fields)


def test_the_documented_adapters_are_valid() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "configuration.md").read_text(), re.DOTALL)
    assert set(read_config(block.encode()).adapters) == {"team/shop", "ghcr.io/team/mailer"}


def test_the_help_texts_are_what_the_program_says() -> None:
    assert (ROOT / "docs" / "commands.md").read_text() == helptexts.text(), "make docs"


def test_every_test_that_a_guarantee_names_exists_where_its_link_leads() -> None:
    text = (ROOT / "docs" / "guarantees.md").read_text()
    named = re.findall(r"^- \[`(tests/[\w/]+\.py)::(\w+)`\]\(\.\./(.+)\)$", text, re.MULTILINE)
    assert len(named) == text.count("\n- ") > 25
    assert [
        f"{file}::{test}"
        for file, test, link in named
        if file != link or f"\ndef {test}(" not in ((ROOT / file).read_text() if (ROOT / file).exists() else "")
    ] == []


def test_every_guarantee_has_a_test() -> None:
    _, *sections = (ROOT / "docs" / "guarantees.md").read_text().split("\n## ")
    assert len(sections) > 10
    assert [section.partition("\n")[0] for section in sections if "\n- [`tests/" not in section] == []


def test_every_promise_of_the_readme_leads_to_a_guarantee() -> None:
    _, _, rest = (ROOT / "README.md").read_text().partition("\n## Promises\n")
    promises = rest.partition("\n## ")[0].split("\n- ")[1:]
    titles = re.findall(r"^## (.*)$", (ROOT / "docs" / "guarantees.md").read_text(), re.MULTILINE)
    # As forges make an address of a heading: small letters, no punctuation, a dash for each space.
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    assert len(promises) > 5
    assert [one for one in promises if not set(re.findall(r"\(docs/guarantees\.md#([^)]+)\)", one)) & anchors] == []


def test_every_json_shape_is_documented() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "migrate").rglob("*.py"))
    used = set(re.findall(r'"(migrate\.[a-z]+/v\d+)"', sources))
    documented = set(re.findall(r"^\| `(migrate\.[a-z]+/v\d+)`", (ROOT / "docs" / "json.md").read_text(), re.MULTILINE))
    assert len(used) > 8
    assert used - documented == set()


def test_every_link_in_the_documents_leads_somewhere() -> None:
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{file.relative_to(ROOT)}: {target}"
        for file in files
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)", file.read_text())
        if "://" not in target and not (file.parent / target).exists()
    ]
    assert dead == []


def test_the_readme_names_every_document() -> None:
    readme = (ROOT / "README.md").read_text()
    named = {path.name for path in (ROOT / "docs").glob("*.md") if f"docs/{path.name}" not in readme}
    assert named == set()


def test_every_decision_is_in_the_list_of_them() -> None:
    folder = ROOT / "docs" / "adr"
    listed = re.findall(r"^\| \[\d{4}\]\((.*?)\)", (folder / "README.md").read_text(), re.MULTILINE)
    assert listed == sorted(file.name for file in folder.glob("0*.md"))


def _codes_by_verb() -> dict[str, set[int]]:
    """What the table says of each verb, the codes of its own verbs taken together."""
    found = dict[str, set[int]]()
    _, _, table = (ROOT / "docs" / "exit-codes.md").read_text().partition("## By command")
    for commands, codes in re.findall(r"^\| (`.*?) \| (.*) \|$", table, re.MULTILINE):
        own = {int(code) for code in re.findall(r"(?<![\w.-])(\d+)(?=[ ,;]| or |$)", codes)}
        first = ""
        for name in re.findall(r"`([a-z -]+)`", commands):
            first = name.split()[0] if name.split()[0] in verbs() else first
            found.setdefault(first, set()).update(own)
    return found


def test_every_command_has_its_exit_codes_and_those_its_help_names_are_among_them() -> None:
    documented = _codes_by_verb()
    assert set(documented) == set(verbs())
    _, *sections = (ROOT / "docs" / "commands.md").read_text().split("\n## ")
    for section in sections:
        verb, _, text = section.partition("\n")
        said = " ".join(re.findall(r"(?:Exit|exits) (\d.*?)(?:\.\s|\.$|$)", " ".join(text.split())))
        named = {int(code) for code in re.findall(r"(?<![\w.-])(\d+)(?![\w.-])", said)} & {code.value for code in Exit}
        assert named - documented[verb] == set(), verb
