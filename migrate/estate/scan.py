"""From the facts of all files to the inventory of the estate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from migrate.estate.facts import Facts, FileFacts, Skipped
from migrate.estate.flux import Scope
from migrate.estate.inventory import (
    Bootstrap,
    Datum,
    Files,
    Finding,
    Inventory,
    Reader,
    Reason,
    Secret,
    Store,
    StoreRef,
    VaultKey,
    Verdict,
    Workload,
)
from migrate.estate.levels import bootstrap
from migrate.estate.placed import namespace_of
from migrate.estate.producers import Producer, producers
from migrate.estate.profiles import Profiles, shipped
from migrate.estate.readers import Readers, read_loose, read_scope, without_self
from migrate.estate.settings import Settings
from migrate.estate.tree import Tree, plant
from migrate.estate.verdicts import judge
from migrate.estate.wiring import Wired, wire
from migrate.model.json import Json, items, reach, text

_EXTERNAL = {"ExternalSecret", "ClusterExternalSecret"}
_STORES = {"SecretStore", "ClusterSecretStore"}


def assemble(
    files: Sequence[FileFacts],
    read: Callable[[str], bytes],
    seen: int,
    skipped: Sequence[Skipped] = (),
    settings: Settings | None = None,
) -> Inventory:
    """The inventory of an estate.

    `files` are the facts of every file that was read, `read` gives a file's bytes again (paths relative to the
    estate; OSError if it is gone), `seen` counts the candidates, `skipped` those left out before reading.
    """
    settings = settings or Settings()
    tree = plant(files, read, (item.file for item in skipped))
    wired = wire(tree)
    profiles = shipped()
    loose = read_loose(wired.loose, tree)
    parts = [_scope(index, scope, tree, loose, profiles, settings) for index, scope in enumerate(wired.scopes)]
    unwired = _loose_secrets(wired, loose, profiles, settings)
    secrets = [secret for part in parts for secret in part.secrets] + unwired
    return Inventory(
        files=_files(files, seen, skipped),
        wiring=wired.wiring,
        stores=tuple(_stores(wired, secrets)),
        secrets=tuple(sorted(secrets, key=lambda item: (item.namespace, item.name, item.file, item.document))),
        workloads=tuple(_workloads(wired)),
        bootstrap=tuple({(item.namespace, item.name): item for part in parts for item in part.bootstrap}.values()),
        findings=(*wired.problems, *(finding for part in parts for finding in part.findings)),
    )


def _files(files: Sequence[FileFacts], seen: int, skipped: Sequence[Skipped]) -> Files:
    left_out = [*skipped, *(item.skipped for item in files if item.skipped)]
    failed = [item.failed for item in files if item.failed]
    return Files(seen, sum(1 for item in files if item.parsed), tuple(sorted(left_out)), tuple(sorted(failed)))


# --- secrets ----------------------------------------------------------------------------------------------


class _Part:
    """What one cluster contributes."""

    def __init__(self, secrets: list[Secret], boot: list[Bootstrap], findings: list[Finding]) -> None:
        self.secrets = secrets
        self.bootstrap = boot
        self.findings = findings


def _scope(index: int, scope: Scope, tree: Tree, loose: Readers, profiles: Profiles, settings: Settings) -> _Part:
    facts = [item.facts for item in scope.applied]
    external = [(fact, item.by) for item in scope.applied for fact in _expanded(item.facts, facts)]
    names = frozenset(_target(fact) for fact, _ in external)
    readers = read_scope(scope, tree, names)
    on_path = [*bootstrap(facts, profiles), *_declared(settings)]
    path = {(item.namespace, item.name): item for item in on_path}
    secrets: dict[tuple[str, str, str, int], Secret] = {}
    for fact, by in external:
        secret = _secret(fact, by, str(index))
        found = _readers_of(secret, readers, loose)
        judged = _judged(secret, found, path, profiles, settings)
        secrets.setdefault((secret.namespace, secret.name, secret.file, secret.document), judged)
    stores = {
        (fact.kind, "" if fact.kind == "ClusterSecretStore" else fact.namespace or "default", fact.name): fact
        for fact in facts
        if fact.kind in _STORES
    }
    kept = [_with_provider(secret, stores) for secret in secrets.values()]
    return _Part(kept, on_path, [*_owners(kept, producers(facts)), *_undeclared(kept, stores)])


def _declared(settings: Settings) -> Iterator[Bootstrap]:
    for name in sorted(settings.bootstrap):
        namespace, _, plain = name.partition("/")
        yield Bootstrap(namespace, plain, "named in migrate.yaml", "migrate.yaml")


def _expanded(fact: Facts, facts: Sequence[Facts]) -> Iterator[Facts]:
    """An ExternalSecret itself; a ClusterExternalSecret once for each namespace that the tree shows it to reach."""
    if fact.kind == "ExternalSecret":
        yield fact
    elif fact.kind == "ClusterExternalSecret":
        name = text(reach(fact.spec, "name")) or fact.name
        for namespace in _namespaces(fact, facts) or ["*"]:
            yield fact._replace(namespace=namespace, name=name)


def _namespaces(fact: Facts, facts: Sequence[Facts]) -> list[str]:
    listed = reach(fact.spec, "namespaces")
    names = {str(item) for item in listed} if isinstance(listed, list) else set()
    selectors = reach(fact.spec, "selectors")
    for selector in selectors if isinstance(selectors, list) else []:
        if isinstance(selector, dict) and selector:
            names.update(item.name for item in facts if item.kind == "Namespace" and _selected(item, selector))
    return sorted(names)


def _selected(namespace: Facts, selector: dict[str, Json]) -> bool:
    """Whether labels match; the API server gives every namespace a label with its own name."""
    labels: dict[str, str] = {**dict(namespace.labels), "kubernetes.io/metadata.name": namespace.name}
    return all(labels.get(key) == word for key, word in selector.items())


def _target(fact: Facts) -> str:
    return text(reach(fact.spec, "target", "name")) or fact.name


def _secret(fact: Facts, by: str, scope: str) -> Secret:
    target = reach(fact.spec, "target")
    own = [item.get("store") for name in ("data", "from") for item in _entries(fact, name)]
    store = next((item for item in (reach(fact.spec, "store"), *own) if reach(item, "name")), None)
    return Secret(
        namespace=fact.namespace or "default",
        name=fact.name,
        file=fact.file,
        document=fact.document,
        api=fact.api,
        store=StoreRef(text(reach(store, "kind")) or "SecretStore", text(reach(store, "name"))),
        target=_target(fact),
        wired=bool(by),
        wired_by=by,
        creation_policy=text(reach(target, "creationPolicy")) or "Owner",
        deletion_policy=text(reach(target, "deletionPolicy")) or "Retain",
        refresh_interval=text(reach(fact.spec, "refresh")) or "1h",
        data=tuple(_data(fact)),
        template=reach(fact.spec, "template") is True,
        readers=(),
        verdict="orphan",
        reasons=(),
        scope=scope,
        keys=_keys(fact),
        generated=any(item.get("generator") for name in ("data", "from") for item in _entries(fact, name)),
        copied=bool(reach(fact.spec, "annotations")),
    )


def _entries(fact: Facts, name: str) -> list[dict[str, Json]]:
    return items(reach(fact.spec, name))


def _keys(fact: Facts) -> tuple[str, ...]:
    """Keys of the target: the template's where it has data, else one for each entry; unknown with whole maps."""
    templated = reach(fact.spec, "templated")
    named = [str(key) for key in templated] if isinstance(templated, list) else []
    if named and reach(fact.spec, "merged") is not True:
        return tuple(named)
    if _entries(fact, "from"):
        return ()
    return (*named, *(text(item.get("key")) for item in _entries(fact, "data")))


def _data(fact: Facts) -> Iterator[Datum]:
    for item in items(reach(fact.spec, "data")):
        yield Datum(text(item.get("key")), _vault_key(item))
    for item in items(reach(fact.spec, "from")):
        if not item.get("generator"):
            yield Datum("*", _vault_key(item))


def _vault_key(item: object) -> VaultKey:
    reference = reach(item if isinstance(item, dict) else None, "ref")
    return VaultKey(text(reach(reference, "key")), text(reach(reference, "property")) or None)


def _readers_of(secret: Secret, readers: Readers, loose: Readers) -> tuple[Reader, ...]:
    found = (*readers.of(secret.namespace, secret.target), *loose.of(secret.namespace, secret.target))
    return without_self(found, secret.file, secret.document)


def _judged(
    secret: Secret,
    readers: tuple[Reader, ...],
    path: dict[tuple[str, str], Bootstrap],
    profiles: Profiles,
    settings: Settings,
) -> Secret:
    verdict, reasons = judge(readers, secret.keys, profiles)
    if secret.generated:
        reason = Reason("keep.generator", "ESO generates a value of it itself; it is nowhere else")
        verdict, reasons = "keep", _front(reason, reasons)
    if secret.copied and verdict != "keep":
        reason = Reason("keep.copied", "another controller copies it to other namespaces, where it may be read")
        verdict, reasons = "keep", _front(reason, reasons)
    if (item := path.get((secret.namespace, secret.target))) is not None:
        verdict, reasons = (
            "keep",
            _front(Reason("keep.bootstrap-path", f"on the path to Vault: {item.reason}"), reasons),
        )
    if not secret.wired:
        verdict, reasons = "orphan", _front(Reason("orphan.unwired", "nothing applies this file"), reasons)
    verdict, reasons = _overridden(secret, verdict, reasons, settings)
    return replace(secret, readers=readers, verdict=verdict, reasons=reasons)


def _front(reason: Reason, reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """The reason with its reader borrowed from those it comes before: a keep always names who reads."""
    reader = next((item.reader for item in reasons if item.reader), None)
    return (
        replace(reason, reader=reason.reader or reader),
        *(item for item in reasons if item.code != reason.code),
    )


def _overridden(
    secret: Secret, verdict: Verdict, reasons: tuple[Reason, ...], settings: Settings
) -> tuple[Verdict, tuple[Reason, ...]]:
    override = settings.overrides.get(secret.id)
    if override is None:
        return verdict, reasons
    return override.verdict, (
        Reason(f"{override.verdict}.override", f"migrate.yaml: {override.reason}"),
        *reasons,
    )


def _loose_secrets(wired: Wired, loose: Readers, profiles: Profiles, settings: Settings) -> list[Secret]:
    secrets = []
    for fact in (item for item in wired.loose if item.kind in _EXTERNAL):
        secret = _secret(fact, "", "")
        found = without_self(loose.of(secret.namespace, secret.target), secret.file, secret.document)
        secrets.append(_judged(secret, found, {}, profiles, settings))
    return secrets


def _store_key(secret: Secret) -> tuple[str, str, str]:
    namespace = "" if secret.store.kind == "ClusterSecretStore" else secret.namespace
    return secret.store.kind, namespace, secret.store.name


def _with_provider(secret: Secret, stores: dict[tuple[str, str, str], Facts]) -> Secret:
    """Where the value is not in Vault yet, say so: the verdict is about readers, this is what comes first."""
    store = stores.get(_store_key(secret))
    provider = text(reach(store.spec, "provider")) if store else "vault"
    if provider == "vault" or not provider or secret.generated:
        return secret
    reason = Reason("needs.vault", f"the value comes from {provider}: it must be in Vault before it can move")
    return replace(secret, reasons=(*secret.reasons, reason))


# --- findings, stores, workloads --------------------------------------------------------------------------


def _owners(secrets: Iterable[Secret], others: Iterable[Producer]) -> Iterator[Finding]:
    made = {(item.namespace, item.name): item for item in others}
    owners: dict[tuple[str, str], Secret] = {}
    for secret in secrets:
        key = (secret.namespace, secret.target)
        if secret.creation_policy not in {"Owner", "Orphan"}:
            continue
        if (other := owners.setdefault(key, secret)) is not secret:
            text = f"Secret {key[0]}/{key[1]} has two owners: ExternalSecrets {other.id} and {secret.id}"
            yield Finding("secret.two-owners", "warning", text, secret.file)
        if (producer := made.get(key)) is not None:
            text = f"Secret {key[0]}/{key[1]} has two owners: ExternalSecret {secret.id} and {producer.by}"
            yield Finding("secret.two-owners", "warning", text, producer.file)


def _undeclared(secrets: Iterable[Secret], stores: dict[tuple[str, str, str], Facts]) -> Iterator[Finding]:
    missing = Counter(_store_key(item) for item in secrets if item.store.name)
    for (kind, namespace, name), count in sorted(missing.items()):
        if (kind, namespace, name) not in stores:
            place = f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
            text = f"{place}, which {count} ExternalSecrets use, is not declared in the tree"
            yield Finding("store.undeclared", "warning", text, "")


def _stores(wired: Wired, secrets: Iterable[Secret]) -> Iterator[Store]:
    used = Counter((item.store.kind, item.store.name, item.namespace) for item in secrets)
    by_cluster = Counter((item.store.kind, item.store.name) for item in secrets)
    applied = [(item.facts, True) for scope in wired.scopes for item in scope.applied]
    found: dict[tuple[str, str, str, str], Store] = {}
    for fact, is_wired in [*applied, *((fact, False) for fact in wired.loose)]:
        if fact.kind in _STORES:
            cluster_wide = fact.kind == "ClusterSecretStore"
            namespace = None if cluster_wide else fact.namespace or "default"
            count = by_cluster[fact.kind, fact.name] if cluster_wide else used[fact.kind, fact.name, namespace or ""]
            store = _store(fact, namespace, count, is_wired=is_wired)
            found.setdefault((fact.kind, namespace or "", fact.name, fact.file), store)
    yield from (found[key] for key in sorted(found))


def _store(fact: Facts, namespace: str | None, references: int, *, is_wired: bool) -> Store:
    def setting(name: str) -> str | None:
        return text(reach(fact.spec, name)) or None

    return Store(
        fact.kind, namespace, fact.name, setting("provider") or "", setting("server"), setting("path"),
        setting("version"), fact.file, references, is_wired,
    )  # fmt: skip


def _workloads(wired: Wired) -> Iterator[Workload]:
    applied = [(item.facts, item.by) for scope in wired.scopes for item in scope.applied]
    seen: set[tuple[str, str, str, str, int]] = set()
    for fact, by in [*applied, *((fact, "") for fact in wired.loose)]:
        key = (fact.kind, fact.namespace, fact.name, fact.file, fact.document)
        if (fact.workload or fact.kind == "HelmRelease") and key not in seen:
            seen.add(key)
            yield _workload(fact, by)


def _workload(fact: Facts, by: str) -> Workload:
    namespace = fact.namespace or "default"
    secrets = {f"{namespace_of(fact, use) or namespace}/{use.secret}" for use in fact.uses if use.how != "text"}
    return Workload(
        fact.kind, namespace, fact.name, fact.file, fact.document, fact.service_account or None,
        tuple(sorted(secrets)), bool(by), fact.containers, text(reach(fact.spec, "chart")),
        text(reach(fact.spec, "version")), by,
    )  # fmt: skip
