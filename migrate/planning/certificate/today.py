"""How a release has its database password today: a Secret that an ExternalSecret makes, or a file of the agent's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from migrate.estate.inventory import Secret
from migrate.model.errors import Refused
from migrate.model.json import Json, items, mapping, text, text_at
from migrate.operations.agent import FOLDER, PREFIX, TOKEN_VOLUME
from migrate.operations.certificate import FromAgent, FromSecret, Today
from migrate.operations.login import Login, Release
from migrate.operations.subject import VaultSide
from migrate.planning.login.candidates import Candidate, Copy
from migrate.planning.login.logins import rotated_login
from migrate.planning.login.subjects import Sources, release_of, subject_of
from migrate.planning.starter import main_store
from migrate.planning.surroundings import vault_side

_TEMPLATE = "agent-inject-template-"
_STATIC = re.compile(r'secret "([^"]+/static-creds/[^"]+)"')


@dataclass(frozen=True, slots=True)
class Found:
    """The release, its login, where Vault is, and its password of today. `secrets`: what copies that, if anything."""

    release: Release
    login: Login
    today: Today
    vault: VaultSide
    inventory: tuple[str, ...]
    secrets: tuple[Secret, ...]


def found_today(candidate: Candidate, sources: Sources) -> Found:
    """What is so today. Raises Refused where the tree does not say, or where it is what this tool cannot move."""
    if isinstance(candidate.form, Copy):
        before, secret = subject_of(candidate, candidate.form, sources)
        today = FromSecret(before.copied, before.key)
        return Found(before.release, before.login, today, before.vault, before.inventory, (secret,))
    login, owners = rotated_login(candidate, sources.config, sources.servers)
    vault = vault_side(sources.config, main_store(sources.inventory), sources.injector)
    return Found(
        release_of(candidate, sources),
        owners,
        _from_agent(candidate, login, sources.select.variable),
        # The token's volume is in the pod already, and two of one name cannot be: its audience is the one that works.
        replace(vault, audience=_audience(candidate.values) or vault.audience),
        (f"workload HelmRelease {candidate.name} ({candidate.workload.file})",),
        (),
    )


def _from_agent(candidate: Candidate, login: str, variable: str) -> FromAgent:
    every = mapping(candidate.values.get("podAnnotations"))
    notes = {name.removeprefix(PREFIX): one for name, one in every.items() if name.startswith(PREFIX)}
    file = (text_at(candidate.values.get("env"), f"{variable}__FILE") or "").removeprefix(f"{FOLDER}/")
    templates = dict(_templates(notes))
    if others := sorted(templates.keys() - {file}):
        raise _cannot(
            candidate, f"its agent also writes {', '.join(others)}, which its new role in Vault would not read"
        )
    path, role = _STATIC.search(templates.get(file, "")), text(notes.get("role"))
    if path is None or not role:
        raise _cannot(candidate, f"the agent's file {file} is not the password of a static role, read with a role")
    (name,) = (one for one, written in _named(notes) if written == file)
    return FromAgent(login, path[1], role, tuple(one for one in every if one.startswith(PREFIX) and _about(one, name)))


def _templates(notes: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """What the agent writes, by file."""
    yield from ((file, text(notes.get(f"{_TEMPLATE}{name}"))) for name, file in _named(notes))


def _named(notes: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """By what annotations call it, each file that the agent writes."""
    for kind in (_TEMPLATE, "agent-inject-secret-"):
        for one in notes:
            if one.startswith(kind) and not (kind != _TEMPLATE and one.replace(kind, _TEMPLATE) in notes):
                name = one.removeprefix(kind)
                yield name, text(notes.get(f"agent-inject-file-{name}")) or name


def _about(annotation: str, name: str) -> bool:
    return annotation.endswith(f"-{name}")


def _audience(values: Mapping[str, Json]) -> str | None:
    """For whom the token is that the agent logs in with today."""
    for volume in items(values.get("extraContainerVolumes")):
        for source in items(mapping(volume.get("projected")).get("sources")):
            if volume.get("name") == TOKEN_VOLUME:
                return text_at(source, "serviceAccountToken", "audience")
    return None


def _cannot(candidate: Candidate, why: str) -> Refused:
    return Refused(
        f"HelmRelease {candidate.name} ({candidate.found.file}) has its password from the agent, and {why}",
        truth="this phase follows one that ended with a static role's password in a file, or a Secret that is copied",
        undone="no plan was made",
        following="roll that phase back first (migrate rollback) if it still can be; then plan again",
    )
