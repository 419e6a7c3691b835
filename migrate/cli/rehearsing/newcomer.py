"""An estate to rehearse for somebody who brings no plan: a copy under Git with what the plan asks for first."""

from __future__ import annotations

import shutil
from pathlib import Path

from migrate.documents.apply import apply_edits
from migrate.documents.edits import AddKey
from migrate.documents.reader import YamlFault, load_all
from migrate.lab.git import git
from migrate.model.json import Json, mapping
from migrate.planning.configuration import FILE
from migrate.stores.tree import listing

_SETTINGS = "database: {address: 'postgres.rehearsal.internal:5432'}\n"
_VERSION = "0.28.0"
_CA = {"AGENT_INJECT_VAULT_CACERT_BYTES": "given by whoever runs Vault"}


def prepared(source: Path, folder: Path) -> Path:
    """A copy of an estate below `folder`, committed; the injector's chart is pinned, and its agents know a CA.

    What the copy says already is left as it is. Raises Failed where Git does not take it.
    """
    estate = folder / "estate"
    shutil.copytree(source, estate, ignore=shutil.ignore_patterns(".git"))
    for path in (estate, *estate.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)  # what it was copied from may not be written to
    if not (estate / FILE).exists():
        (estate / FILE).write_text(_SETTINGS)
    for entry in listing(str(estate)).entries:
        _put_right(estate / entry.path)
    git("init", "--quiet", "--initial-branch=main", str(estate))
    git("-C", str(estate), "add", "--all", "--force")
    git("-C", str(estate), "commit", "--quiet", "-m", "The estate, and what the plan asks for first")
    return estate


def _put_right(file: Path) -> None:
    """Pin the injector's chart and give its agents a CA, where a file holds its release and does not say so."""
    data = file.read_bytes()
    if b"kind: HelmRelease" not in data:
        return
    try:
        documents = load_all(data)
    except YamlFault:
        return  # no release that Flux could read either
    for document in documents:
        value = mapping(document.value)
        chart = mapping(mapping(mapping(value.get("spec")).get("chart")).get("spec"))
        if value.get("kind") == "HelmRelease" and chart.get("chart") == "vault":
            data = apply_edits(data, document.index, _edits(value, chart))
    file.write_bytes(data)


def _edits(release: dict[str, Json], chart: dict[str, Json]) -> list[AddKey]:
    found = []
    if "version" not in chart:
        found.append(AddKey(("spec", "chart", "spec"), "version", _VERSION))
    injector = mapping(mapping(mapping(release.get("spec")).get("values")).get("injector"))
    if injector and "extraEnvironmentVars" not in injector:
        found.append(AddKey(("spec", "values", "injector"), "extraEnvironmentVars", dict(_CA)))
    return found
