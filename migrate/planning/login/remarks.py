"""What an operator must know before saying yes: what bites, what the phase cannot retire, what a rebuild would need."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.estate.inventory import Datum, Inventory, Secret
from migrate.model.json import mapping
from migrate.model.plan import Remark, Unknown
from migrate.operations.login import Connecting, LoginSubject, Release
from migrate.operations.subject import Copied
from migrate.planning.database import Server, behind
from migrate.planning.entering import entering_remarks, entering_unknowns, trust_remarks
from migrate.planning.files import Files
from migrate.planning.injected import injector_remarks
from migrate.planning.login.subjects import Sources, other_readers
from migrate.planning.phases import Credential
from migrate.planning.surroundings import literal_passwords, pinned


def remarks(subject: LoginSubject, secret: Secret, sources: Sources, credential: Credential) -> tuple[Remark, ...]:
    """Every finding that the tree gives."""
    return (
        *around(subject, sources),
        *copied_remarks(subject, subject.copied, subject.key, secret, sources),
        *_database(subject, sources.servers),
        *_dynamic(subject, credential),
    )


def around(subject: Connecting, sources: Sources) -> tuple[Remark, ...]:
    """What depends neither on how the workload logs in today nor on how it shall: its release, and the agent."""
    return (
        *_release(subject, sources),
        *injector_remarks(sources.injector),
        *entering_remarks(subject),
        *_literals(subject.login.owner, sources.files),
    )


def copied_remarks(
    subject: Connecting, copied: Copied, key: str, secret: Secret, sources: Sources
) -> tuple[Remark, ...]:
    """What depends on an ExternalSecret that is left behind: whether agents trust Vault too, and who else reads it."""
    return (
        *trust_remarks(subject, secret, sources.inventory, sources.files, sources.injector),
        *_kept(key, secret, subject.release, sources.inventory),
        *_external_secret(copied, secret),
    )


def _release(subject: Connecting, sources: Sources) -> Iterator[Remark]:
    release = subject.release
    where, file = f"HelmRelease {release.namespace}/{release.name}", release.place.file
    if not pinned(release.version or None):
        yield Remark(
            "gitops.chart-unpinned",
            "blocks",
            f"{where} does not pin its chart ({release.version or 'no version'}): a new one may come with our commit",
            "pin spec.chart.spec.version to the version that runs now",
            file,
        )
    yield Remark(
        "gitops.scope",
        "info",
        f"every edit lies under /{'/'.join(map(str, release.at))}; gate gitops.drift proves on the rendered chart that "
        f"nothing but Deployment {subject.unit} changes",
        "",
        file,
    )
    if mapping(release.document).get("spec") and mapping(mapping(release.document)["spec"]).get("valuesFrom"):
        yield Remark(
            "gitops.values-from",
            "warning",
            f"{where} also takes values from elsewhere (valuesFrom), which this plan did not read",
            "make sure they set none of the same keys",
            file,
        )
    ini = mapping(mapping(release.values.get("grafana.ini")).get("database"))
    if "password" in ini:
        yield Remark(
            "pod.ini-password",
            "warning",
            f"{where} has a database password in grafana.ini too; the variable wins, the text stays in Git",
            "remove grafana.ini.database.password, and change that password if it was ever used",
            file,
        )


def _database(subject: LoginSubject, servers: list[Server]) -> Iterator[Remark]:
    login, server = subject.login, behind(subject.login.host, servers)
    if subject.vault.database_address is None:
        yield Remark(
            "db.reach-from-vault",
            "blocks",
            f"the address by which Vault reaches the database is unknown; {login.host or 'what the chart uses'} is the "
            "pods' name for it",
            "set database.address (host:port) in migrate.yaml",
            "migrate.yaml",
        )
    if login.operator:
        yield Remark(
            "db.operator-managed",
            "warning",
            f"{login.operator} manages login {login.owner}: it would take NOLOGIN back, so the plan does not close it",
            f"after the contract stage, take {login.owner} out of the operator's list",
            next((one.found.file for one in servers if one.name == login.operator), ""),
        )
    if login.server_version is not None and login.server_version < 16:
        yield Remark(
            "db.pg16-admin",
            "warning",
            f"before PostgreSQL 16 CREATEROLE lets {subject.vault_login} set the password of every login that is no "
            "superuser; Vault's connection allows it one role only",
            "guard database/config and database/static-roles in Vault accordingly",
            server.found.file if server else "",
        )
    if server and server.pooler:
        yield Remark(
            "db.pooler",
            "info",
            f"{server.name} runs a connection pooler: Vault and {subject.release.container} must both go to the server "
            "itself, since a pooler does not know a rotated login",
            "",
            server.found.file,
        )


def _kept(key: str, secret: Secret, release: Release, inventory: Inventory) -> Iterator[Remark]:
    """Who else needs what this phase would like to retire."""
    datum = next((one for one in secret.data if one.key == key), None)
    for other in inventory.secrets:
        if other.id != secret.id and datum and any(_same_key(datum, one) for one in other.data):
            readers = ", ".join(sorted({reader.target for reader in other.readers})) or "nobody found"
            yield Remark(
                "secret.copies",
                "warning",
                f"ExternalSecret {other.id} copies the same Vault key ({datum.vault.path}); read by {readers}. The key "
                "and the old password stay in use after this phase",
                f"keep {other.id}; once its readers are gone, retire it and the key",
                other.file,
            )
    for reader in other_readers(secret, release):
        yield Remark(
            "secret.consumers",
            "warning",
            f"{reader.target} reads Secret {secret.namespace}/{secret.target} too ({reader.how}): the ExternalSecret "
            "stays, and so does the old login",
            "move that reader first, then plan again",
            reader.file,
        )


def _same_key(one: Datum, other: Datum) -> bool:
    return (one.vault.path, one.vault.property) == (other.vault.path, other.vault.property)


def _literals(owner: str, files: Files) -> Iterator[Remark]:
    for place in literal_passwords(files, owner):
        yield Remark(
            "db.literal",
            "warning",
            f"SQL at {place} gives login {owner} a password as text; Git keeps it, new databases get it",
            "create the login without a password there (NOLOGIN) once this phase is through",
            place.rpartition(":")[0],
        )


def _external_secret(copied: Copied, secret: Secret) -> Iterator[Remark]:
    if copied.never_refreshed and copied.retire:
        yield Remark(
            "eso.refresh-zero",
            "warning",
            f"ExternalSecret {secret.id} never refreshes and would ignore Orphan: the same commit gives it an interval",
            "",
            secret.file,
        )
    if any(listing.alone for listing in copied.listings) and copied.alone_in_file:
        yield Remark(
            "gitops.empty-kustomization",
            "blocks",
            f"{secret.file} is the only entry of a kustomization: kustomize 5.2 and 5.3 "
            "would build nothing of it, and Flux 2.2 with them",
            "take that kustomization out of Flux in a change of its own, or add what stays to it",
            copied.listings[0].place.file,
        )


def _dynamic(subject: LoginSubject, credential: Credential) -> Iterator[Remark]:
    if credential == "dynamic":
        yield Remark(
            "db.revoke-cycle",
            "warning",
            "a dynamic login ends with its lease, and the application cannot reload it: every max_ttl is a restart",
            "the default (--credential static) has neither",
            subject.release.place.file,
        )


def unknowns(subject: LoginSubject, sources: Sources) -> tuple[Unknown, ...]:
    """What a plan from Git alone could not see."""
    address = subject.vault.database_address
    found = [
        *entering_unknowns(subject, sources.config, sources.injector),
        Unknown(
            f"postgres:role/{subject.login.owner}",
            "whether it can log in, owns the objects, and has no other sessions",
            "gates db.object-owner and secret.consumers",
            False,
        ),
        Unknown(
            "cluster", "what runs: webhook, pod security, owner references, sessions", "the gates of each stage", False
        ),
    ]
    if address is None:
        found.append(Unknown("database.address", "the database's address as Vault reaches it", "migrate.yaml", True))
    if subject.login.server_version is None:
        found.append(
            Unknown("database.version", "the server's major version", "migrate.yaml, or gate db.pg16-admin", False)
        )
    return tuple(found)
