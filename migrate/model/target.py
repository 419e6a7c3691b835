"""Names of the things a plan changes: one string for people, files and every store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

StoreName = Literal["git", "vault", "postgres", "cluster"]

_STORES: tuple[str, ...] = get_args(StoreName)


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One thing in one store. Written `store:kind/name`; objects in namespaces have `namespace/name` as name."""

    store: StoreName
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.store}:{self.kind}/{self.name}"

    @property
    def path(self) -> str:
        """`kind/name`: for Vault the API path, but for policies, which live under `sys/policies/acl`."""
        return f"sys/policies/acl/{self.name}" if self.kind == "policy" else f"{self.kind}/{self.name}"

    @property
    def short(self) -> str:
        """The last part of the name."""
        return self.name.rpartition("/")[2]

    @property
    def namespace(self) -> str:
        """The namespace of an object in one, else empty."""
        return self.name.rpartition("/")[0]


def parse_target(text: str) -> Target:
    """The inverse of `str(target)`. Raises ValueError where the text names no target."""
    store, colon, rest = text.partition(":")
    # Vault paths are nested kinds with flat names; object names are `namespace/name` under a flat kind.
    kind, slash, name = rest.rpartition("/") if store in {"vault", "postgres"} else rest.partition("/")
    if store not in _STORES or not (colon and slash and kind and name):
        raise ValueError(f"not a target: {text!r}; expected store:kind/name with store one of {', '.join(_STORES)}")
    return Target(store, kind, name)  # type: ignore[arg-type]  # checked against the literal above
