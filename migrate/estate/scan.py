"""From the facts of all files to the inventory of the estate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from migrate.estate.charts import read_unasked
from migrate.estate.externals import KINDS, expanded, secret_of, target_of
from migrate.estate.facts import Facts, FileFacts, Skipped
from migrate.estate.flux import Scope
from migrate.estate.inventory import Bootstrap, Files, Finding, Inventory, Reader, Secret, Workload
from migrate.estate.layers import judged, without_effect
from migrate.estate.levels import bootstrap
from migrate.estate.operators import by_mark, read_beside
from migrate.estate.placed import namespace_of
from migrate.estate.producers import producers, two_owners
from migrate.estate.profiles import Profiles, shipped
from migrate.estate.readers import Readers, read_loose, read_scope, without_self
from migrate.estate.served import explained, served
from migrate.estate.settings import Settings
from migrate.estate.stores import declared, stores_of, undeclared, with_provider
from migrate.estate.tree import Tree, plant
from migrate.estate.waiting import rounds
from migrate.estate.wiring import Wired, wire
from migrate.model.json import reach, text


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
    profiles = shipped().told(settings.adapters)
    loose = read_loose(wired.loose, tree)
    parts = [_scope(index, scope, tree, loose, profiles, settings) for index, scope in enumerate(wired.scopes)]
    unwired = _loose_secrets(wired, loose, profiles, settings)
    secrets = [secret for part in parts for secret in part.secrets] + unwired
    inventory = Inventory(
        files=_files(files, seen, skipped),
        wiring=wired.wiring,
        stores=tuple(stores_of(wired, secrets)),
        secrets=tuple(sorted(secrets, key=lambda item: (item.namespace, item.name, item.file, item.document))),
        workloads=tuple(_workloads(wired)),
        bootstrap=tuple({(item.namespace, item.name): item for part in parts for item in part.bootstrap}.values()),
        findings=(
            *wired.problems,
            *(finding for part in parts for finding in part.findings),
            *rounds(wired.scopes),
            *without_effect(settings, secrets, profiles),
        ),
        served=tuple(served(wired, tree, profiles)),
    )
    return explained(inventory)


def _files(files: Sequence[FileFacts], seen: int, skipped: Sequence[Skipped]) -> Files:
    left_out = [*skipped, *(item.skipped for item in files if item.skipped)]
    failed = [item.failed for item in files if item.failed]
    return Files(seen, sum(1 for item in files if item.parsed), tuple(sorted(left_out)), tuple(sorted(failed)))


# --- secrets ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """What one cluster contributes."""

    secrets: list[Secret]
    bootstrap: list[Bootstrap]
    findings: list[Finding]


def _scope(index: int, scope: Scope, tree: Tree, loose: Readers, profiles: Profiles, settings: Settings) -> _Part:
    read_unasked(scope, profiles, tree)
    facts = [item.facts for item in scope.applied]
    external = [(fact, item.by) for item in scope.applied for fact in expanded(item.facts, facts)]
    names = frozenset(target_of(fact) for fact, _ in external)
    read_beside(scope, names)
    readers = read_scope(scope, tree, names)
    on_path = [*bootstrap(facts, profiles), *_named(settings)]
    path = {(item.namespace, item.name): item for item in on_path}
    secrets: dict[tuple[str, str, str, int], Secret] = {}
    for fact, by in external:
        secret = secret_of(fact, by, str(index))
        found = (*_readers_of(secret, readers, loose), *by_mark(fact))
        place = (secret.namespace, secret.name, secret.file, secret.document)
        secrets.setdefault(place, judged(secret, found, path, profiles, settings))
    stores = declared(facts)
    kept = [with_provider(secret, stores) for secret in secrets.values()]
    return _Part(kept, on_path, [*two_owners(kept, producers(facts)), *undeclared(kept, stores)])


def _named(settings: Settings) -> Iterator[Bootstrap]:
    for name in sorted(settings.bootstrap):
        namespace, _, plain = name.partition("/")
        yield Bootstrap(namespace, plain, "named in migrate.yaml", "migrate.yaml")


def _readers_of(secret: Secret, readers: Readers, loose: Readers) -> tuple[Reader, ...]:
    found = (*readers.of(secret.namespace, secret.target), *loose.of(secret.namespace, secret.target))
    return without_self(found, secret.file, secret.document)


def _loose_secrets(wired: Wired, loose: Readers, profiles: Profiles, settings: Settings) -> list[Secret]:
    secrets = []
    for fact in (item for item in wired.loose if item.kind in KINDS):
        secret = secret_of(fact, "", "")
        found = without_self(loose.of(secret.namespace, secret.target), secret.file, secret.document)
        secrets.append(judged(secret, found, {}, profiles, settings))
    return secrets


# --- workloads --------------------------------------------------------------------------------------------


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
