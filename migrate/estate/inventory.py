"""The result of reading an estate: one value, from which every view, plan and report is made.

Mirrors `migrate.scan/v1`; fields beyond that contract carry what planning needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from migrate.estate.facts import Container, Failed, Fetched, Skipped

Verdict = Literal["ready", "adapt", "code", "keep", "orphan"]
VERDICTS: tuple[Verdict, ...] = ("ready", "adapt", "code", "keep", "orphan")


@dataclass(frozen=True, slots=True)
class VaultKey:
    """Where a value lies in the provider. `path` as the ExternalSecret writes it (no mount, no `data/`)."""

    path: str
    property: str | None


@dataclass(frozen=True, slots=True)
class Datum:
    """One key of the target Secret and where it comes from. `key` is `*` where a whole map is taken."""

    key: str
    vault: VaultKey


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads a Secret, and the place that says so."""

    kind: str
    namespace: str
    name: str
    container: str | None
    file: str
    document: int
    pointer: str
    how: str
    wired: bool
    keys: tuple[str, ...] = ()
    variable: str = ""
    whole: bool = False
    api: str = ""
    chart: str = ""
    """Helm readers: the chart's name."""
    pod: Container | None = None
    """The container that reads, where a pod does."""
    workload: bool = False
    guess: bool = False
    """The place holds a template that may come out as this name."""

    @property
    def target(self) -> str:
        """`Kind namespace/name`, as a person says it."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict is what it is. `code` is a stable word, documented in docs/verdicts.md."""

    code: str
    text: str
    reader: Reader | None = None


@dataclass(frozen=True, slots=True)
class StoreRef:
    """Which SecretStore an ExternalSecret names."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Secret:
    """One ExternalSecret, what it copies, who reads the copy, and whether that can move."""

    namespace: str
    name: str
    file: str
    document: int
    api: str
    store: StoreRef
    target: str
    wired: bool
    wired_by: str
    creation_policy: str
    deletion_policy: str
    refresh_interval: str
    data: tuple[Datum, ...]
    template: bool
    readers: tuple[Reader, ...]
    verdict: Verdict
    reasons: tuple[Reason, ...]
    scope: str = ""
    keys: tuple[str, ...] = ()
    """Keys of the target Secret; empty where they are not known from the manifest alone."""
    generated: bool = False
    """Some value is made by an ESO generator and is nowhere else."""
    copied: bool = False
    """Another controller is told to copy the target Secret to other namespaces."""

    @property
    def id(self) -> str:
        """`namespace/name` of the ExternalSecret."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Store:
    """A SecretStore or ClusterSecretStore. None where the provider has no such setting."""

    kind: str
    namespace: str | None
    name: str
    provider: str
    server: str | None
    mount: str | None
    version: str | None
    file: str | None
    references: int
    wired: bool = True


@dataclass(frozen=True, slots=True)
class Workload:
    """Something that makes pods."""

    kind: str
    namespace: str
    name: str
    file: str
    document: int
    service_account: str | None
    secrets: tuple[str, ...]
    wired: bool
    containers: tuple[Container, ...] = ()
    chart: str = ""
    chart_version: str = ""
    wired_by: str = ""


@dataclass(frozen=True, slots=True)
class Served:
    """Pods that the agent writes files for: what makes them, the place that says so, and what it fetches for them."""

    kind: str
    namespace: str
    name: str
    file: str
    document: int
    pointer: str
    wired: bool
    role: str
    files: tuple[str, ...]
    fetched: tuple[Fetched, ...]
    elsewhere: tuple[str, ...]
    """Where further templates stand that the annotations only name: what these fetch is not known here."""
    scope: str = ""
    secrets: tuple[str, ...] = ()
    """ExternalSecrets of the namespace that copy a value it fetches: `namespace/name`."""

    @property
    def target(self) -> str:
        """`Kind namespace/name`, as a person says it."""
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """A Secret that something on the path to Vault reads. `reader` says who and where."""

    namespace: str
    name: str
    reason: str
    file: str


Severity = Literal["info", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something an operator should know that is no verdict: two owners, a missing path, a store nobody declares."""

    code: str
    severity: Severity
    text: str
    file: str


@dataclass(frozen=True, slots=True)
class Files:
    """What happened to the files of the tree."""

    seen: int
    parsed: int
    skipped: tuple[Skipped, ...]
    failed: tuple[Failed, ...]


@dataclass(frozen=True, slots=True)
class Wiring:
    """How it was decided what is applied: by `flux`, `argocd`, `kustomize`, or a bare `folder`."""

    how: str
    starts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inventory:
    """An estate, read."""

    files: Files
    wiring: Wiring
    stores: tuple[Store, ...]
    secrets: tuple[Secret, ...]
    workloads: tuple[Workload, ...]
    bootstrap: tuple[Bootstrap, ...]
    findings: tuple[Finding, ...] = field(default=())
    served: tuple[Served, ...] = field(default=())

    def store_of(self, secret: Secret) -> Store | None:
        """The store that an ExternalSecret names; None where the tree declares none such."""
        namespace = None if secret.store.kind == "ClusterSecretStore" else secret.namespace
        wanted = (secret.store.kind, namespace, secret.store.name)
        return next((one for one in self.stores if (one.kind, one.namespace, one.name) == wanted), None)

    def totals(self) -> dict[str, int]:
        """`externalSecrets` and one count a verdict; the five always add up."""
        counts: dict[str, int] = dict.fromkeys(VERDICTS, 0)
        for secret in self.secrets:
            counts[secret.verdict] += 1
        return {"externalSecrets": len(self.secrets), **counts}
