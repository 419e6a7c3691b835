"""What the operations on a workload's secrets know: the pod in Git, the files it shall get, and what gives way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from migrate.estate.substitute import AS_WRITTEN, Variables
from migrate.model.json import Json, Pointer, at_pointer, items, mapping, text
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
        """Where the agent writes it, and the container finds it unless a volume of the pod brings it elsewhere."""
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
    keep: tuple[str, ...] = ()
    """Volumes that it mounts as before, and whose files the agent writes."""
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
    keep_volumes: tuple[str, ...] = ()
    """Volumes that become memory for the agent to write into: single files of them stand in folders of others."""


@dataclass(frozen=True, slots=True)
class ContainerWords:
    """Where the values of a chart say what a container's manifest says, as pointers; empty where they cannot."""

    env: Pointer
    env_map: bool
    """`NAME: value` rather than a list."""
    value_from: Pointer
    """`NAME: {secretKeyRef: ...}`, apart from the values."""
    env_from: Pointer
    command: Pointer
    args: Pointer
    mounts: Pointer
    own: tuple[str, ...] = ()
    """Variables that the chart gives the container by itself, as its values are."""
    silenced: str = ""
    """The value that, set to false, keeps it from that; empty where none is known."""


@dataclass(frozen=True, slots=True)
class PodWords:
    """Where the values of a chart say what a pod's manifest says, as pointers."""

    containers: Mapping[str, ContainerWords]
    annotations: Pointer
    volumes: Pointer
    controller: str
    """The name by which entries of `volumes` speak of the pod, where that is a map; empty where it is a plain list."""
    account: Pointer
    account_made: bool
    """Whether the chart makes the account that is named there; else it has to come beside the release."""

    @property
    def places(self) -> tuple[Pointer, ...]:
        """Where a Secret that the values name is one that the pod reads."""
        containers = (at for one in self.containers.values() for at in (one.env, one.value_from, one.env_from))
        return tuple(at for at in (self.volumes, *containers) if at)

    @property
    def every(self) -> tuple[Pointer, ...]:
        """All places that the pod is made of."""
        said = [self.annotations, self.volumes, self.account]
        for one in self.containers.values():
            said += [one.env, one.value_from, one.env_from, one.command, one.args, one.mounts]
        return tuple(at for at in said if at)


@dataclass(frozen=True, slots=True)
class Plain:
    """The file is the workload's manifest."""


@dataclass(frozen=True, slots=True)
class Valued:
    """The file is a Helm release whose values make the pod: these words of theirs."""

    words: PodWords


@dataclass(frozen=True, slots=True)
class Rendered:
    """The file is a Helm release of which only the rendered workload is known: a post-renderer changes that."""


VALUES: Pointer = ("spec", "values")
POST_RENDERERS: Pointer = ("spec", "postRenderers")

Form: TypeAlias = Plain | Valued | Rendered


@dataclass(frozen=True, slots=True)
class Manifest:
    """A workload in Git, and what is known of its pod."""

    place: Place
    kind: str
    namespace: str
    name: str
    document: Json
    """As it stands at its home, earlier patches made."""
    read: Json
    """The workload with the Secrets' names as they are in the cluster: Flux may fill them in, Helm may render it."""
    at: Pointer
    """Where the pod spec stands in `read`."""
    home: Home
    """Where the edits of `document` go."""
    workload: Target
    """The object in the cluster that makes the pods."""
    form: Form
    account: str
    """The ServiceAccount it runs under so far."""
    account_made: bool
    """Whether a chart makes that one."""
    applied_by: str = ""
    variables: Variables = AS_WRITTEN
    """What Flux puts into the file before anybody else reads it: texts of our own have to survive that."""

    @property
    def target(self) -> Target:
        """The object in Git."""
        return Target("git", self.kind, f"{self.namespace}/{self.name}")

    @property
    def part(self) -> Pointer:
        """Where in the document everything lies that a move changes."""
        match self.form:
            case Plain():
                return self.at[:-1]
            case Valued():
                return VALUES
            case Rendered():
                return POST_RENDERERS

    @property
    def release(self) -> str:
        """`namespace/name` of the Helm release that renders it; empty where none does."""
        return "" if isinstance(self.form, Plain) else f"{self.namespace}/{self.name}"

    @property
    def template(self) -> dict[str, Json]:
        """The pod's template, with the Secrets' names as they are in the cluster."""
        return mapping(at_pointer(self.read, self.at[:-1]))

    @property
    def pod(self) -> dict[str, Json]:
        """The pod spec in it."""
        return mapping(self.template.get("spec"))

    @property
    def claims(self) -> tuple[str, ...]:
        """Volumes that every pod gets besides those of its spec: a StatefulSet's own claims."""
        claimed = items(at_pointer(self.read, (*self.at[:-2], "volumeClaimTemplates")))
        return tuple(text(mapping(one.get("metadata")).get("name")) for one in claimed)


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
        return self.manifest.workload.namespace

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
