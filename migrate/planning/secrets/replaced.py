"""Which key of a Secret each file of the agent holds instead: what both hold can then be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from migrate.estate.inventory import Store
from migrate.model.json import Json, items, mapping, text
from migrate.operations.secrets import AgentFile
from migrate.planning.secrets.container import variables
from migrate.planning.secrets.sources import UnfitError, keys_of, source_of
from migrate.planning.secrets.templates import agent_template


@dataclass(frozen=True, slots=True)
class Copy:
    """A Secret that moves: its name, and the ExternalSecret that makes it."""

    secret: str
    document: Json
    store: Store


def replaced(pod: dict[str, Json], copies: tuple[Copy, ...], files: tuple[AgentFile, ...]) -> Mapping[str, str]:
    """`SECRET/KEY` by path. A file that is made of several keys, or of a key and something else, is not in it."""
    keys = {template: f"{copy.secret}/{key}" for copy in copies for key, template in _templates(pod, copy)}
    return {one.path: keys[one.template] for one in files if one.template in keys}


def _templates(pod: dict[str, Json], copy: Copy) -> Iterator[tuple[str, str]]:
    for key in _keys(pod, copy):
        try:
            yield key, agent_template(source_of(copy.document, key, copy.store))
        except UnfitError:
            continue  # nobody reads it, else the workload could not move


def _keys(pod: dict[str, Json], copy: Copy) -> tuple[str, ...]:
    try:
        return keys_of(copy.document)
    except UnfitError:  # only Vault knows them all; those that are read are named
        return tuple(dict.fromkeys(_named(pod, copy.secret)))


def _named(pod: dict[str, Json], secret: str) -> Iterator[str]:
    for group in ("initContainers", "containers"):
        for held in items(pod.get(group)):
            yield from (key for _, key in variables(held, secret))
    for volume in items(pod.get("volumes")):
        sources = [mapping(volume.get("secret"))]
        sources += [mapping(one.get("secret")) for one in items(mapping(volume.get("projected")).get("sources"))]
        for source in sources:
            if secret in (source.get("secretName"), source.get("name")):
                yield from (text(one.get("key")) for one in items(source.get("items")))
