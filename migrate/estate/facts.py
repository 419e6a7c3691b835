"""What one file says about Secrets: names, places and wiring, never a value.

Facts are tuples rather than dataclasses because a large tree has a hundred thousand of them: they cross
process borders and are kept between scans. Strings are as written in the file (`${APP}-secret` included);
wiring resolves them later.
"""

from __future__ import annotations

from typing import NamedTuple

from migrate.model.json import Json


class Container(NamedTuple):
    """A container of a pod, or what Helm values say of one. Empty strings where the file says nothing."""

    name: str
    image: str
    init: bool
    command: bool
    """True where the manifest itself gives the command, so that it can be wrapped."""


class Use(NamedTuple):
    """One place that names a Secret."""

    secret: str
    namespace: str
    """Empty: the namespace of the object that holds the place."""
    how: str
    """A word of the scan contract: env, envFrom, volume, ... custom-resource, text."""
    pointer: str
    """RFC 6901 pointer into the document."""
    container: str = ""
    keys: tuple[str, ...] = ()
    """Keys read out of the Secret; empty where all are, or where the place does not say."""
    variable: str = ""
    """The environment variable it becomes (for envFrom: the prefix)."""
    whole: bool = False
    """Volumes: the Secret is mounted as a directory of its own, with no items and no subPath."""
    file: str = ""
    """Set where the place lies in another file than the object (Helm values in a generated ConfigMap)."""


class Fetched(NamedTuple):
    """A path of Vault's API that an agent reads. `keys`: what it takes there; `*` where all, empty where unknown."""

    path: str
    keys: tuple[str, ...]


class Injection(NamedTuple):
    """Annotations that have the injector's agent write files into a pod."""

    pointer: str
    """RFC 6901 pointer of the map of annotations, or of the text (a patch, values) that holds it."""
    role: str
    files: tuple[str, ...]
    """Names of the files, as the annotations give them."""
    fetched: tuple[Fetched, ...]
    elsewhere: tuple[str, ...] = ()
    """Where further templates stand, which this place only names."""
    file: str = ""
    """Set where the place lies in another file than the object (Helm values in a generated ConfigMap)."""


class Facts(NamedTuple):
    """One object (a document of a file)."""

    file: str
    document: int
    line: int
    api: str
    kind: str
    namespace: str
    name: str
    labels: tuple[tuple[str, str], ...]
    annotations: tuple[tuple[str, str], ...]
    """Only those that matter to wiring and ownership."""
    uses: tuple[Use, ...]
    containers: tuple[Container, ...]
    service_account: str
    workload: bool
    """True where pods come from a template in this object that can be annotated."""
    spec: Json
    """The part of the object that later steps need, by kind; None for most. Never a secret value."""
    texts: bool
    """True where it holds commands, scripts or loosely named fields that may mention a Secret by name."""
    injections: tuple[Injection, ...] = ()

    @property
    def group(self) -> str:
        """API group, empty for core."""
        return self.api.rpartition("/")[0]


class Skipped(NamedTuple):
    """A file that was left out on purpose."""

    file: str
    reason: str


class Failed(NamedTuple):
    """A file that could not be read as YAML. `line` is 1-based, 0 where unknown."""

    file: str
    line: int
    message: str


class FileFacts(NamedTuple):
    """Everything one file says. A skipped file may still have objects: an encrypted Secret has a name."""

    file: str
    parsed: bool
    objects: tuple[Facts, ...]
    skipped: Skipped | None = None
    failed: Failed | None = None
