"""What the lint rules look at, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from migrate.injector import annotation, podtypes
from migrate.injector.agent import Agent
from migrate.injector.prediction import Mutated, Prediction
from migrate.injector.refusal import RefusalError
from migrate.injector.settings import Settings
from migrate.injector.workload import Workload


class Severity(StrEnum):
    """ERROR: it will not work, or not as written. WARNING: it works until a bad day. INFO: worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One trap: a stable code, how bad, what happens, and what to write instead."""

    code: str
    severity: Severity
    text: str
    fix: str


def error(code: str, text: str, fix: str) -> Finding:
    """A finding that will not work, or not as written."""
    return Finding(code, Severity.ERROR, text, fix)


def warning(code: str, text: str, fix: str) -> Finding:
    """A finding that works until a bad day."""
    return Finding(code, Severity.WARNING, text, fix)


def info(code: str, text: str, fix: str) -> Finding:
    """A finding worth knowing."""
    return Finding(code, Severity.INFO, text, fix)


@dataclass(frozen=True)
class Subject:
    """A workload with the injector's answer to its pod. `given` are the pod's own annotations, unread."""

    workload: Workload
    settings: Settings
    prediction: Prediction
    server_refusals: tuple[str, ...] = field(default=())

    @cached_property
    def pod(self) -> podtypes.Decoded:
        """The pod through Go's types, before injection; empty when it does not decode."""
        try:
            return podtypes.decode("Pod", self.workload.pod)
        except RefusalError:
            return {}

    @cached_property
    def given(self) -> Mapping[str, str]:
        """The pod's own annotations by full name."""
        found: Mapping[str, str] = self.pod.get("metadata", {}).get("annotations", {})
        return found

    @cached_property
    def own(self) -> dict[str, str]:
        """The pod's injector annotations by short name."""
        prefix = annotation.PREFIX
        return {key.removeprefix(prefix): text for key, text in self.given.items() if key.startswith(prefix)}

    @property
    def spec(self) -> podtypes.Decoded:
        """The pod's spec before injection."""
        found: podtypes.Decoded = self.pod.get("spec", {})
        return found

    @property
    def containers(self) -> list[podtypes.Decoded]:
        """The application's containers."""
        found: list[podtypes.Decoded] = self.spec.get("containers", [])
        return found

    @property
    def init_containers(self) -> list[podtypes.Decoded]:
        """The application's init containers."""
        found: list[podtypes.Decoded] = self.spec.get("initContainers", [])
        return found

    @property
    def agent(self) -> Agent | None:
        """What the injector read, when it mutates the pod."""
        return self.prediction.agent if isinstance(self.prediction, Mutated) else None

    @cached_property
    def agent_containers(self) -> list[dict[str, Any]]:
        """The containers the injector adds, as they come out."""
        if not isinstance(self.prediction, Mutated):
            return []
        spec: Any = self.prediction.pod["spec"]
        before = {container.get("name", "") for container in [*self.containers, *self.init_containers]}
        both = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
        return [container for container in both if container and container.get("name", "") not in before]


def key(name: str) -> str:
    """The full name of an annotation."""
    return annotation.PREFIX + name
