"""Whatever makes pods, and any object nobody described: the generic walk."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.estate.fields import Object, Reading
from migrate.estate.pods import Pod, pods
from migrate.estate.references import uses as named_uses


def workload(value: Object) -> Reading:
    """A built-in kind that makes pods."""
    found = list(pods(value))
    return _with_pods(value, found, workload=True)


def generic(value: Object) -> Reading:
    """Any other object: pod templates inside it are pods; bare container lists belong to its controller."""
    found = list(pods(value))
    templates = [pod for pod in found if _is_template(value, pod)]
    bare = [use._replace(how="custom-resource") for pod in found if pod not in templates for use in pod.uses]
    reading = _with_pods(value, templates, workload=bool(templates))
    skip = frozenset(pod.at for pod in found)
    named = named_uses(value, "custom-resource", skip=skip)
    return reading._replace(uses=(*reading.uses, *bare, *named), texts=True)


def _is_template(value: Object, pod: Pod) -> bool:
    """`template: {metadata, spec}`, under that name or another: what stands beside the spec reaches the pod."""
    return pod.at[-2:-1] in (("template",), ("podTemplate",)) and pod.at[-1] == "spec" and pod.at[:1] == ("spec",)


def _with_pods(value: Object, found: Iterable[Pod], *, workload: bool) -> Reading:
    found = list(found)
    return Reading(
        uses=tuple(use for pod in found for use in pod.uses),
        containers=tuple(container for pod in found for container in pod.containers),
        service_account=next((pod.service_account for pod in found if pod.service_account), ""),
        workload=workload,
        texts=True,
    )
