"""Puts together what operations need to know of the workload: its release, its ExternalSecret, its login, its Vault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrate.estate.inventory import Inventory, Reader, Secret
from migrate.model.config import Config
from migrate.model.errors import Refused
from migrate.model.json import mapping, text_at
from migrate.model.target import Target
from migrate.operations.login import LoginSubject, Release
from migrate.operations.subject import Place, ServiceAccount
from migrate.planning.accounts import accounts
from migrate.planning.copies import copied_together, flux_of
from migrate.planning.database import Server
from migrate.planning.files import Files
from migrate.planning.login.candidates import Candidate, Copy
from migrate.planning.login.logins import login_of
from migrate.planning.phases import ReleaseSelect
from migrate.planning.surroundings import Injector, vault_side

_NAME_LIMIT = 63


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything a subject is made from."""

    inventory: Inventory
    files: Files
    config: Config
    select: ReleaseSelect
    servers: list[Server]
    injector: Injector | None
    database_ca: str = ""


def around(sources: Sources) -> Iterator[tuple[Target, str]]:
    """What stands around every release: the injector's own, and the servers that operators run, each with its file."""
    found = [sources.injector.found] if sources.injector else []
    for one in (*found, *(server.found for server in sources.servers)):
        yield Target("git", one.kind, f"{one.namespace}/{one.name}"), one.file


def subject_of(candidate: Candidate, copy: Copy, sources: Sources) -> tuple[LoginSubject, Secret]:
    """The subject, and the inventory's entry of its ExternalSecret. Raises Refused where a part cannot be had."""
    release = release_of(candidate, sources)
    secret = secret_of(copy, release, sources.inventory)
    subject = LoginSubject(
        release,
        copied_together([(secret, not other_readers(secret, release))], sources.files, sources.inventory)[0],
        copy.key,
        login_of(candidate, sources.config, sources.servers),
        vault_side(sources.config, sources.inventory.store_of(secret), sources.injector, sources.database_ca),
        (
            f"workload HelmRelease {candidate.name} ({candidate.workload.file})",
            f"secret {secret.id} ({secret.file}, verdict {secret.verdict})",
        ),
    )
    _refuse_collisions(subject, sources.servers)
    return subject, secret


def release_of(candidate: Candidate, sources: Sources) -> Release:
    """The release and the pod it makes."""
    spec, select, values = candidate.found.spec, sources.select, candidate.values
    pods_in = text_at(spec, "targetNamespace") or candidate.workload.namespace
    target = text_at(spec, "targetNamespace")
    default = f"{target}-{candidate.workload.name}" if target else candidate.workload.name
    deployment = fullname(text_at(spec, "releaseName") or default, values, select.container)
    return Release(
        place=Place(candidate.found.file, candidate.found.document),
        namespace=candidate.workload.namespace,
        name=candidate.workload.name,
        pods_in=pods_in,
        chart=candidate.workload.chart,
        version=candidate.workload.chart_version,
        at=candidate.at,
        document=candidate.found.value,
        container=select.container,
        deployment=deployment,
        account=_account(candidate, deployment, pods_in, sources),
        uid=_identity(candidate, "runAsUser", select.uid),
        gid=_identity(candidate, "runAsGroup", select.gid),
        applied_by=flux_of(candidate.workload.wired_by, sources.inventory),
    )


def fullname(release: str, values: dict[str, object] | object, chart: str) -> str:
    """The rule that Helm charts share: the release's name, with the chart's unless it holds that already."""
    settings = values if isinstance(values, dict) else {}
    if isinstance(given := settings.get("fullnameOverride"), str) and given:
        return given[:_NAME_LIMIT].rstrip("-")
    own = settings.get("nameOverride") or chart
    name = release if str(own) in release else f"{release}-{own}"
    return name[:_NAME_LIMIT].rstrip("-")


def _account(candidate: Candidate, deployment: str, namespace: str, sources: Sources) -> ServiceAccount:
    settings, release = mapping(candidate.values.get("serviceAccount")), candidate.workload
    known = accounts(sources.inventory, sources.files)
    made = settings.get("create") is not False
    name = text_at(settings, "name") or (deployment if made else "default")
    shared = known.shared_with(namespace, name, release.kind, release.name)
    own = name != "default" and not shared
    return ServiceAccount(name, made, shared, name if own else known.free(namespace, deployment, name))


def _identity(candidate: Candidate, field: str, default: int) -> int:
    for where in ("containerSecurityContext", "securityContext"):
        value = mapping(candidate.values.get(where)).get(field)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return default


def secret_of(copy: Copy, release: Release, inventory: Inventory) -> Secret:
    """The ExternalSecret that makes the Secret. Raises Refused where there is none, or more than one."""
    made = [s for s in inventory.secrets if s.namespace == release.pods_in and s.target == copy.secret and s.wired]
    if len(made) == 1:
        return made[0]
    what = "no ExternalSecret" if not made else f"{len(made)} ExternalSecrets ({', '.join(s.id for s in made)})"
    raise Refused(
        f"{what} in the tree make Secret {release.pods_in}/{copy.secret}, which {release.container} reads",
        truth=f"HelmRelease {release.namespace}/{release.name} names it ({release.place.file})",
        undone="no plan was made",
        following="migrate scan shows every ExternalSecret; one that no kustomization lists does not count",
    )


def other_readers(secret: Secret, release: Release) -> list[Reader]:
    """Who reads the Secret besides the workload's own settings."""
    return [reader for reader in secret.readers if reader.wired and not _ours(reader, release)]


def _ours(reader: Reader, release: Release) -> bool:
    here = (reader.file, reader.document) == (release.place.file, release.place.document)
    at = "".join(f"/{token}" for token in release.at)
    return here and (reader.variable.startswith("GF_DATABASE_") or reader.pointer.startswith(f"{at}/extraSecretMounts"))


def _refuse_collisions(subject: LoginSubject, servers: list[Server]) -> None:
    """db.static-takeover, db.operator-managed: the login Vault rotates is new and nobody else's."""
    for server in servers:
        for login in (subject.new_login, subject.vault_login):
            if login in server.logins:
                raise Refused(
                    f"{server.name} manages a login called {login}, and Vault must never rotate an operator's login",
                    undone="no plan was made",
                    following=f"take {login} out of {server.found.file}, or rename it there",
                )
