"""What the operations on a workload's secrets know: the pod in Git, the files it shall get, and what gives way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from migrate.model.json import Json, Pointer
from migrate.model.target import Target
from migrate.operations.overlaying import Home
from migrate.operations.subject import (
    Copied,
    Grant,
    Place,
    ServiceAccount,
    VaultSide,
    login_role,
    policy_called,
    workload_name,
)


@dataclass(frozen=True, slots=True)
class AgentFile:
    """A file that the agent writes. `key` tells it apart in annotations; `mode` empty: as the injector has it."""

    key: str
    folder: str
    name: str
    template: str
    mode: str = ""

    @property
    def path(self) -> str:
        """Where the container finds it."""
        return f"{self.folder}/{self.name}"


@dataclass(frozen=True, slots=True)
class ContainerChange:
    """What changes in one container, in the words of its manifest. `at` is its place in the document."""

    at: Pointer
    name: str
    unset: tuple[str, ...] = ()
    """Variables that go."""
    set: tuple[tuple[str, str], ...] = ()
    """Variables that come, or get another value."""
    unset_from: tuple[int, ...] = ()
    """Whole Secrets that no longer become variables, by their place in `envFrom`."""
    unmount: tuple[str, ...] = ()
    """Volumes that it no longer mounts."""
    texts: tuple[tuple[Pointer, str], ...] = ()
    """Texts inside the container that become others, by their place under it."""
    drop_arguments: tuple[str, ...] = ()
    add_arguments: tuple[str, ...] = ()
    exports: tuple[tuple[str, str], ...] = ()
    """Variables that a shell reads from files before it becomes the container's own command."""


@dataclass(frozen=True, slots=True)
class PodChange:
    """What changes in the pod beside its containers."""

    containers: tuple[ContainerChange, ...]
    drop_volumes: tuple[str, ...] = ()
    init_reads: bool = False
    """Whether an init container needs the files: then the agent's goes first."""
    ends: bool = False
    """Whether the pod ends by itself (Job, CronJob): then no agent may stay beside it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A workload in Git whose pod is written out there."""

    place: Place
    kind: str
    namespace: str
    name: str
    document: Json
    """As it stands at its home, earlier patches made."""
    read: Json
    """The same with the Secrets' names as they are in the cluster: Flux may fill them in."""
    at: Pointer
    """Where the pod spec stands."""
    home: Home
    """Where its edits go."""
    applied_by: str = ""

    @property
    def target(self) -> Target:
        """The object in Git."""
        return Target("git", self.kind, f"{self.namespace}/{self.name}")

    @property
    def workload(self) -> Target:
        """The object in the cluster."""
        return Target("cluster", self.kind, f"{self.namespace}/{self.name}")

    @property
    def pod(self) -> dict[str, Json]:
        """The pod spec, with the Secrets' names as they are in the cluster."""
        node = self.read
        for token in self.at:
            node = node.get(str(token)) if isinstance(node, dict) else None
        return node if isinstance(node, dict) else {}


@dataclass(frozen=True, slots=True)
class SecretsSubject:
    """One workload whose secrets the agent shall bring."""

    manifest: Manifest
    account: ServiceAccount
    change: PodChange
    files: tuple[AgentFile, ...]
    paths: tuple[str, ...]
    """Every path of Vault that the files are made from."""
    copies: tuple[Copied, ...]
    vault: VaultSide
    owner: tuple[int, int] | None
    """User and group that all its readers run as; None where they differ or the manifest does not say."""
    inventory: tuple[str, ...]
    replaced: Mapping[str, str]
    """`SECRET/KEY` by the path of each file that holds just that."""

    @property
    def unit(self) -> str:
        """`namespace/name` of the workload."""
        return f"{self.manifest.namespace}/{self.manifest.name}"

    @property
    def file(self) -> str:
        """The workload's file."""
        return self.manifest.place.file

    @property
    def git(self) -> Target:
        """The workload in Git."""
        return self.manifest.target

    @property
    def pods_in(self) -> str:
        """The namespace of the pods."""
        return self.manifest.namespace

    @property
    def policy(self) -> Target:
        """The one policy of the workload."""
        return policy_called(workload_name(self.vault, self.manifest.namespace, self.manifest.name))

    @property
    def jwt_role(self) -> Target:
        """The one role its ServiceAccount logs in with."""
        return login_role(self.vault, workload_name(self.vault, self.manifest.namespace, self.manifest.name))

    def grants(self, arguments: Mapping[str, Json]) -> tuple[Grant, ...]:
        """Each path by itself: what is beside it in Vault is nobody's business."""
        return tuple(Grant(path) for path in self.paths)
