"""What an estate's tree says of its servers: the objects a commit asks for, and what a practice world is born with.

Reads the same rules that plans are made by, so that a plan and the world it is practised in see one estate.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from migrate.estate.held import below_mount
from migrate.estate.inventory import Inventory, Secret, Workload
from migrate.estate.profiles import shipped
from migrate.estate.settle import arriving
from migrate.model.config import Config, SealedColumn
from migrate.model.errors import MigrateError
from migrate.model.json import Json, digest, mapping, pointer_text, reach, sequence, text_at
from migrate.operations.inject_release import password_mount
from migrate.operations.keep_service_account import KEEP
from migrate.operations.login import Login
from migrate.operations.present_certificate import AUTHORITIES_PATH, CERTIFICATE_PATH
from migrate.planning.built import Built, built, whole
from migrate.planning.certificate.rules import listed
from migrate.planning.database import servers
from migrate.planning.files import Files, objects, one
from migrate.planning.login.candidates import Candidate, candidates
from migrate.planning.login.logins import login_of
from migrate.planning.login.subjects import Sources, release_of
from migrate.planning.phases import Phase, ReleaseSelect, certificate_selects, login_selects
from migrate.planning.running import pod, released, running
from migrate.planning.secrets.releases import Charts
from migrate.planning.secrets.sources import UnfitError, names_in
from migrate.planning.starter import main_store
from migrate.planning.surroundings import injector
from migrate.world.applied import Applied
from migrate.world.birth import Database, Implied, Store, Table

_POD_KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "CronJob"})


def applied_by(commit: str, inventory: Inventory, files: Files, config: Config, phases: list[Phase]) -> Applied:
    """What the commit whose tree these files are asks for."""
    found: dict[str, dict[str, Any]] = {}
    for secret in inventory.secrets:
        if secret.wired:
            found[f"ExternalSecret/{secret.id}"] = _external(secret, inventory, files)
    # A scan keeps nothing of ServiceAccounts, which pods wait for.
    tree = built(whole(files, {account.file for account in objects(files, frozenset({"ServiceAccount"}))}))
    for name in _kustomizations(inventory, tree):
        found[f"Kustomization/{name}"] = {}
    found |= _accounts(tree)
    charts = Charts(shipped(), files, config.rendered)
    for workload in inventory.workloads:
        if workload.wired and workload.kind in _POD_KINDS:
            found |= _plain(workload, inventory, tree)
        elif workload.wired and workload.kind == "HelmRelease":
            found[f"HelmRelease/{workload.namespace}/{workload.name}"] = _release(workload, inventory, charts, tree)
    for select in login_selects(phases):
        for candidate in candidates(inventory, files, select):
            key = f"HelmRelease/{candidate.workload.namespace}/{candidate.workload.name}"
            found[key] |= _made(candidate, Sources(inventory, files, config, select, servers(files), None))
    return Applied(commit, found | dict(_around(inventory, files)))


def implied_by(inventory: Inventory, files: Files, config: Config, phases: list[Phase], applied: Applied) -> Implied:
    """What a new world is born with, beside what the commit asks for."""
    known, found = servers(files), injector(inventory, files)
    databases, version = list[Database](), config.database.version
    for select in login_selects(phases):
        for candidate in candidates(inventory, files, select):
            try:
                login = login_of(candidate, config, known)
            except MigrateError:
                continue  # the plan says why; a world without that database is still a world
            version = version or login.server_version
            databases.append(_database(candidate, login, select))
    mount = config.vault.auth.mount or (found.auth_path if found else None) or "jwt"
    return Implied(
        stores=tuple(_stores(inventory)),
        databases=tuple(databases),
        database_mount=config.vault.database.strip("/"),
        auth_mount=mount.strip("/").removeprefix("auth/"),
        address=config.database.address or ADDRESS,
        version=version or 16,
        tls=config.database.sslmode != "disable",
        tables=tuple(_table(one, config) for one in config.transit.columns),
        transit_mount=config.transit.mount.strip("/"),
        authorities=tuple(sorted({select.mounted(config.vault.pki) for select in certificate_selects(phases)})),
    )


def _table(one: SealedColumn, config: Config) -> Table:
    name = one.workload.replace("/", "-")
    return Table(one.database, one.table, one.column, f"{config.transit.mount.strip('/')}/keys/{config.prefix}{name}")


def completed(config: Config, inventory: Inventory, address: str, version: int) -> Config:
    """The settings with what only the world's servers know, where neither they nor the tree say anything."""
    database = config.database.model_copy(
        update={"address": config.database.address or address, "version": config.database.version or version}
    )
    named = config.vault.address or any(one.server for one in inventory.stores)
    vault = config.vault if named else config.vault.model_copy(update={"address": VAULT})
    return config.model_copy(update={"database": database, "vault": vault})


VAULT = "https://vault.practice.invalid:8200"
ADDRESS = "postgres.practice.invalid:5432"
"""Where a practice world's Vault reaches its database, where the estate does not say: a name that resolves nowhere."""


def _accounts(tree: Built) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in (item for scope in tree.scopes for item in scope.applied if item.facts.kind == "ServiceAccount"):
        tokens = reach(tree.document(item), "automountServiceAccountToken") is not False
        yield f"ServiceAccount/{item.facts.namespace or 'default'}/{item.facts.name}", {"by": "", "tokens": tokens}


def _by(wired_by: str, inventory: Inventory) -> str:
    return wired_by if inventory.wiring.how == "flux" and "/" in wired_by else ""


def _kustomizations(inventory: Inventory, tree: Built) -> set[str]:
    """Those that apply something, Kustomizations among it."""
    return {name for scope in tree.scopes for item in scope.applied if (name := _by(item.by, inventory))}


def _external(secret: Secret, inventory: Inventory, files: Files) -> dict[str, Any]:
    store, template = inventory.store_of(secret), _template(secret, files)
    fields = _named_within(secret, template)
    return {
        "by": _by(secret.wired_by, inventory),
        "store": _store_name(secret.store.kind, secret.namespace, secret.store.name),
        "target": secret.target,
        "creationPolicy": secret.creation_policy or "Owner",
        "deletionPolicy": secret.deletion_policy or "Retain",
        "refreshInterval": secret.refresh_interval or "1h",
        "data": [
            {
                "key": one.key,
                "path": below_mount(store, one.vault.path) if store and store.provider == "vault" else one.vault.path,
                "property": one.vault.property,
            }
            | ({"fields": fields} if one.key == "*" else {})
            for one in secret.data
        ],
        "template": template,
    }


def _named_within(secret: Secret, template: dict[str, Any] | None) -> list[str]:
    """The keys of a Secret that only Vault knows, as far as its readers name them, or the template that makes it."""
    found = {key for reader in secret.readers for key in reader.keys if key != "*"}
    if template:
        made = {name for text in template["data"].values() for name in names_in(text)}
        found = made | (found - template["data"].keys() if template["merges"] else set())
    return sorted(found - {one.key for one in secret.data})


def _template(secret: Secret, files: Files) -> dict[str, Any] | None:
    """What makes the Secret of the values, where something does."""
    found = one(files, secret.file, secret.document) if secret.template else None
    template = mapping(mapping(found.spec.get("target")).get("template")) if found else {}
    data = {key: text for key, text in mapping(template.get("data")).items() if isinstance(text, str)}
    return {"data": data, "merges": template.get("mergePolicy") == "Merge"} if data else None


def _store_name(kind: str, namespace: str | None, name: str) -> str:
    return f"{kind}/{name}" if kind == "ClusterSecretStore" else f"{kind}/{namespace}/{name}"


def _stores(inventory: Inventory) -> Iterator[Store]:
    for store in inventory.stores:
        vault = store.provider == "vault"
        mount = (store.mount or "secret").strip("/") if vault else f"elsewhere-{store.name}"
        yield Store(_store_name(store.kind, store.namespace, store.name), mount, vault)


# --- workloads -----------------------------------------------------------------------------------------------------


def _plain(workload: Workload, inventory: Inventory, tree: Built) -> Iterator[tuple[str, dict[str, Any]]]:
    made = next(iter(tree.made(workload)), None)
    if made is None:
        return
    account = workload.service_account or "default"
    secrets = [name.partition("/")[2] for name in workload.secrets]
    name = f"{workload.namespace}/{workload.name}"
    document = arriving(tree.document(made), made.variables)
    yield running(workload.kind, name, document, account, secrets, _by(workload.wired_by, inventory))


def _release(workload: Workload, inventory: Inventory, charts: Charts, tree: Built) -> dict[str, Any]:
    by, made = _by(workload.wired_by, inventory), dict[str, dict[str, Any]]()
    built_as = next(iter(tree.made(workload)), None)
    with suppress(UnfitError):  # a plan says why; a world in which it makes nothing that we know is still a world
        document = arriving(tree.document(built_as), built_as.variables) if built_as else None
        for one in charts.of(workload, document):
            made |= released(one, by)
    return {"by": by, "chart": workload.chart, "version": workload.chart_version, "makes": made, "keeps": []}


def _made(candidate: Candidate, sources: Sources) -> dict[str, Any]:
    """The objects that the release makes of the workload's values: its Deployment, and its ServiceAccount."""
    release, values, variable = release_of(candidate, sources), candidate.values, sources.select.variable
    account = release.account
    container: dict[str, Json] = {"name": release.container, "image": release.container}
    spec: dict[str, Json] = {
        "serviceAccountName": account.name,
        "securityContext": {"runAsUser": release.uid, "runAsGroup": release.gid, "runAsNonRoot": True},
        "containers": [container],
        "volumes": list(sequence(values.get("extraContainerVolumes"))),
        "shareProcessNamespace": values.get("shareProcessNamespace"),
    }
    env, references = mapping(values.get("env")), mapping(values.get("envValueFrom"))
    replicas, by = values.get("replicas", 1), _by(candidate.workload.wired_by, sources.inventory)
    deployment = {
        "by": by,
        "pod": pod(release.deployment, release.pods_in, values.get("podAnnotations"), spec),
        "replicas": replicas if isinstance(replicas, int) else 1,
        "secrets": sorted(_secrets(values, references)),
        "variables": sorted({*env, *references}),
        "database": _login(candidate, variable),
        "at": [pointer_text(candidate.at)],
        "values": digest(values),
    }
    name = f"{release.pods_in}/{account.name}"
    makes = {f"Deployment/{release.pods_in}/{release.deployment}": deployment}
    kept = mapping(mapping(values.get("serviceAccount")).get("annotations")).items() >= KEEP.items()
    if account.made_by_chart and account.name != "default":
        makes[f"ServiceAccount/{name}"] = {"by": by, "tokens": True}
    return {"makes": makes, "keeps": [f"ServiceAccount/{name}"] if kept else []}


def _secrets(values: dict[str, Json], references: dict[str, Json]) -> Iterator[str]:
    for reference in references.values():
        if name := text_at(reference, "secretKeyRef", "name"):
            yield name
    for mount in sequence(values.get("extraSecretMounts")):
        if name := text_at(mount, "secretName"):
            yield name


def _login(candidate: Candidate, variable: str) -> dict[str, Any] | None:
    """Where the container has its login and password from, in the words of `Applied`."""
    values, stem = candidate.values, variable.removesuffix("PASSWORD")
    ini = mapping(mapping(values.get("grafana.ini")).get("database"))
    password = _source(values, variable)
    user = _source(values, f"{stem}USER") or ({"value": str(ini["user"])} if ini.get("user") else None)
    name = text_at(values.get("env"), f"{stem}NAME") or text_at(ini, "name") or "grafana"
    certificate, authority = (text_at(values.get("env"), one) for one in (CERTIFICATE_PATH, AUTHORITIES_PATH))
    if certificate and authority and user is not None:
        return {"name": name, "user": user, "certificate": {"file": certificate}, "authority": {"file": authority}}
    if text_at(values.get("env"), f"{stem}TYPE") not in {None, "postgres"} or password is None or user is None:
        return None
    return {"name": name, "user": user, "password": password}


def _source(values: dict[str, Json], variable: str) -> dict[str, str] | None:
    env, reference = values.get("env"), mapping(mapping(values.get("envValueFrom")).get(variable))
    if file := text_at(env, f"{variable}__FILE"):
        mount = password_mount(values)
        folder = str(mount.get("mountPath")).rstrip("/") if mount else ""
        if mount and file.startswith(f"{folder}/"):
            return {"secret": str(mount.get("secretName")), "key": file.rpartition("/")[2]}
        return {"file": file}
    name, key = text_at(reference, "secretKeyRef", "name"), text_at(reference, "secretKeyRef", "key")
    if name and key:
        return {"secret": name, "key": key}
    value = text_at(env, variable)
    return {"value": value} if value is not None else None


def _database(candidate: Candidate, login: Login, select: ReleaseSelect) -> Database:
    source = _source(candidate.values, select.variable) or {}
    namespace = text_at(candidate.found.spec, "targetNamespace") or candidate.workload.namespace
    secret = f"{namespace}/{source['secret']}" if "secret" in source else ""
    host = login.host.rpartition(":")[0] or login.host
    return Database(login.database, login.owner, secret, source.get("key", ""), host)


# --- what stands around --------------------------------------------------------------------------------------------


def _around(inventory: Inventory, files: Files) -> Iterator[tuple[str, dict[str, Any]]]:
    found = injector(inventory, files)
    if found is not None:
        store = main_store(inventory)
        yield (
            "Injector/injector",
            {
                "by": "",
                "address": found.address or (store.server if store else "") or "",
                "failurePolicy": found.failure_policy,
                "revokes": found.revokes,
            },
        )
    for server in servers(files):
        rules = listed(server.found.kind, server.found.value)
        yield f"DatabaseOperator/{server.name}", {"by": "", "logins": list(server.logins), "hba": list(rules)}
