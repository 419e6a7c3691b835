"""What a chart makes of values, asked of Helm itself: only which objects differ leaves this module.

Values go to Helm by its standard input and what it renders comes back by its output, so that neither is ever on a disk
or in a process argument. Helm gets a folder of its own instead of the operator's settings.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from migrate.documents.reader import load_all
from migrate.estate.helm import post_rendered
from migrate.model.json import Json, mapping

_SECONDS = 120


class UnrenderedError(Exception):
    """Helm did not render it; says why, without its output."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart's archive, and the release that it is rendered for."""

    archive: bytes = field(repr=False)
    release: str
    namespace: str
    kube_version: str
    api_versions: tuple[str, ...]


def program() -> str | None:
    """Helm, where it is on the PATH."""
    return shutil.which("helm")


@dataclass(frozen=True, slots=True)
class Difference:
    """Objects, as `Kind namespace/name`, that are made otherwise, and which workloads of the chart use each."""

    changed: tuple[str, ...]
    used_by: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a release makes of its chart: by values, and by the post-renderers of its `spec`."""

    values: Mapping[str, Json] = field(repr=False)
    spec: Mapping[str, Json] = field(default_factory=dict, repr=False)


def differing(helm: str, chart: Chart, before: Wanted, after: Wanted) -> Difference:
    """What these two states of a release make otherwise.

    What differs between two renderings of the same state (passwords made up, dates) is nobody's edit and left out.
    Raises UnrenderedError.
    """
    with tempfile.TemporaryDirectory(prefix="migrate-helm-") as folder:
        archive = Path(folder) / "chart.tgz"
        archive.write_bytes(chart.archive)
        first, again, then = (_rendered(helm, chart, folder, one) for one in (before, before, after))
    restless = {name for name in first.keys() | again.keys() if first.get(name) != again.get(name)}
    changed = sorted(name for name in (first.keys() | then.keys()) - restless if first.get(name) != then.get(name))
    users: dict[str, set[str]] = {}
    for found in (first, then):
        for name, one in found.items():
            for used in _used(one):
                users.setdefault(f"{used[0]} {name.partition(' ')[2].partition('/')[0]}/{used[1]}", set()).add(name)
    return Difference(tuple(changed), {name: tuple(sorted(users.get(name, ()))) for name in changed})


_BY_NAME = {
    "configMap": "ConfigMap", "configMapRef": "ConfigMap", "configMapKeyRef": "ConfigMap",
    "secret": "Secret", "secretRef": "Secret", "secretKeyRef": "Secret",
}  # fmt: skip
"""The keys of a pod under which another object is named."""


def _used(found: Json) -> Iterator[tuple[str, str]]:
    """Kind and name of what the pods of a workload use; nothing for what makes no pods."""
    spec = mapping(mapping(found).get("spec"))
    job = mapping(mapping(spec.get("jobTemplate")).get("spec"))
    pod = mapping(mapping((spec if "template" in spec else job).get("template")).get("spec"))
    if pod:
        yield "ServiceAccount", str(pod.get("serviceAccountName") or "default")
        yield from _named(pod)


def _named(node: Json) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for one in node:
            yield from _named(one)
    if isinstance(node, dict):
        for key, value in node.items():
            if key in _BY_NAME and isinstance(value, dict):
                yield _BY_NAME[key], str(value.get("secretName") or value.get("name"))
            yield from _named(value)


def _rendered(helm: str, chart: Chart, folder: str, wanted: Wanted) -> dict[str, dict[str, Json]]:
    """Every object by its name. It may hold secrets: of them, only names leave this module."""
    command = [
        helm, "template", chart.release, str(Path(folder) / "chart.tgz"), f"--namespace={chart.namespace}",
        "--values=-", f"--kube-version={chart.kube_version}", *_capabilities(chart.api_versions),
    ]  # fmt: skip
    own = {f"HELM_{name}_HOME": folder for name in ("CACHE", "CONFIG", "DATA")}
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": folder, **own}
    try:
        done = subprocess.run(
            command, input=json.dumps(wanted.values), env=environment, capture_output=True, text=True, check=False,
            timeout=_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnrenderedError(f"helm did not end well ({type(error).__name__})") from None
    if done.returncode:
        # A chart's own complaint may quote values.
        raise UnrenderedError(f"helm template ended with {done.returncode}")
    found = [mapping(post_rendered({**wanted.spec}, one.value)) for one in load_all(done.stdout.encode()) if one.value]
    return {_name(one, chart.namespace): one for one in found}


def _capabilities(versions: Sequence[str]) -> list[str]:
    return [f"--api-versions={one}" for one in versions]


def _name(found: dict[str, Json], namespace: str) -> str:
    metadata = mapping(found.get("metadata"))
    return f"{found.get('kind')} {metadata.get('namespace') or namespace}/{metadata.get('name')}"
