"""The whole answer of the injector to one pod.

`predict` never raises on any pod and any annotations: what the injector would refuse is `Denied`, what would
make its process fail, or make its patch unusable, is `Unanswered`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from migrate.injector import agent as agents
from migrate.injector import annotation, gotext, mutation, podtypes
from migrate.injector.agent import Agent
from migrate.injector.podtypes import Decoded
from migrate.injector.refusal import CrashError, RefusalError
from migrate.injector.settings import Settings
from migrate.model.json import Json, canonical

CONFIG_PLACEHOLDER = "<base64 of agentConfig>"
_SYSTEM = frozenset({"kube-system", "kube-public"})


@dataclass(frozen=True, slots=True)
class Untouched:
    """Allowed as it is."""

    reason: str


@dataclass(frozen=True, slots=True)
class Denied:
    """Refused; the text is the injector's own."""

    message: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No usable answer: the injector's process fails on this pod, or its patch does not apply.

    What happens then is the webhook's failure policy; the chart's default lets the pod in without secrets.
    """

    reason: str


@dataclass(frozen=True)
class Mutated:
    """Allowed with changes.

    `operations` are the injector's patch, `pod` the result, `agent` what the injector read.
    """

    operations: tuple[mutation.Operation, ...]
    pod: dict[str, Json]
    agent: Agent


Prediction: TypeAlias = Untouched | Denied | Unanswered | Mutated


def predict(pod: object, namespace: str, settings: Settings) -> Prediction:
    """What the injector answers to the creation of `pod` (a JSON value) in `namespace`; never raises."""
    try:
        decoded = podtypes.decode("Pod", pod)
        reason = _left_alone(decoded)
    except RefusalError as error:
        return Denied(str(error))
    except RecursionError:
        return Unanswered("it is nested too deeply to be read")
    if reason:
        return Untouched(reason)
    try:
        agent = _read(decoded, namespace, settings)
        operations = tuple(_operations(agent))
        assert isinstance(pod, dict)
        return Mutated(operations, mutation.apply(operations, pod), agent)
    except RefusalError as error:
        return Denied(str(error))
    except CrashError as error:
        return Unanswered(f"the injector's process fails on {error}")
    except RecursionError:
        return Unanswered("it is nested too deeply to be read")
    except mutation.UnfitError as error:
        return Unanswered(f"the injector's patch does not apply to the pod as sent: {error}")


def _left_alone(pod: Decoded) -> str:
    """Why the pod is not for the injector, or "". Raises RefusalError for a trigger that is no boolean."""
    given = pod.get("metadata", {}).get("annotations", {})
    raw = given.get(annotation.INJECT)
    if raw is None:
        return f"no annotation {annotation.INJECT}"
    try:
        wanted = gotext.as_bool(raw)
    except RefusalError as error:
        if "no inject annotation found" in raw:
            return "the annotation quotes a text the injector mistakes for its own"
        raise RefusalError(f"error checking if should inject agent: {error}") from error
    if not wanted:
        return f"{annotation.INJECT} is off"
    phase = pod.get("status", {}).get("phase", "")
    if phase not in ("", "Pending"):
        return f"the pod is already {phase}"
    if given.get(annotation.STATUS) == annotation.INJECTED:
        return f"{annotation.STATUS} says it was injected before"
    return ""


def _read(pod: Decoded, namespace: str, settings: Settings) -> Agent:
    if namespace in _SYSTEM:
        raise RefusalError(f"error with request namespace: cannot inject into system namespaces: {namespace}")
    names = [container.get("name", "") for container in pod.get("spec", {}).get("containers", [])]
    given = pod["metadata"]["annotations"]
    with _Said("error adding default annotations"):
        given = annotation.with_defaults(given, names, namespace, settings)
    with _Said("error creating new agent sidecar"):
        agent = agents.read(pod, given, settings.ca_bytes)
    with _Said("error validating agent configuration"):
        agents.validate(agent)
    return agent


def _operations(agent: Agent) -> list[mutation.Operation]:
    with _Said("error creating patch for agent"):
        return mutation.operations(agent)


class _Said:
    """Puts the stage in front of a refusal, as the injector does."""

    def __init__(self, stage: str) -> None:
        self.stage = stage

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, RefusalError):
            raise RefusalError(f"{self.stage}: {error}") from error


def agent_configs(pod: dict[str, Json]) -> dict[str, Json]:
    """The decoded configuration of every container of a mutated pod that has one.

    Templates are in canonical order (destination, then canonical JSON), since the injector's own is random.
    """
    return {
        str(container.get("name", "")): configuration
        for container, variable in _configured(pod)
        if (configuration := _decoded(variable["value"])) is not None
    }


def readable_pod(pod: dict[str, Json]) -> dict[str, Json]:
    """A mutated pod with the encoded configurations replaced by a placeholder; the one given is left alone."""
    found: dict[str, Json] = json.loads(json.dumps(pod))
    for _, variable in _configured(found):
        if _decoded(variable["value"]) is not None:
            variable["value"] = CONFIG_PLACEHOLDER
    return found


def _configured(pod: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    spec = pod.get("spec") or {}
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        for variable in (container or {}).get("env") or []:
            if variable and variable.get("name") == "VAULT_CONFIG" and isinstance(variable.get("value"), str):
                yield container, variable


def _decoded(text: str) -> Json:
    try:
        found: Json = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None
    if isinstance(found, dict) and isinstance(found.get("template"), list):
        found["template"] = sorted(found["template"], key=_template_order)  # type: ignore[arg-type]
    return found if isinstance(found, dict) else None


def _template_order(template: Any) -> tuple[str, bytes]:
    return str(template.get("destination", "")) if isinstance(template, dict) else "", canonical(template)
