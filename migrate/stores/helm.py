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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from migrate.documents.reader import load_all
from migrate.model.json import Json, digest, mapping

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


def differing(helm: str, chart: Chart, before: Mapping[str, Json], after: Mapping[str, Json]) -> list[str]:
    """The objects, as `Kind namespace/name`, that these two sets of values make otherwise.

    What differs between two renderings of the same values (passwords made up, dates) is nobody's edit and left out.
    Raises UnrenderedError.
    """
    with tempfile.TemporaryDirectory(prefix="migrate-helm-") as folder:
        archive = Path(folder) / "chart.tgz"
        archive.write_bytes(chart.archive)
        first, again, then = (_rendered(helm, chart, folder, values) for values in (before, before, after))
    restless = {name for name in first.keys() | again.keys() if first.get(name) != again.get(name)}
    return sorted(name for name in (first.keys() | then.keys()) - restless if first.get(name) != then.get(name))


def _rendered(helm: str, chart: Chart, folder: str, values: Mapping[str, Json]) -> dict[str, str]:
    command = [
        helm, "template", chart.release, str(Path(folder) / "chart.tgz"), f"--namespace={chart.namespace}",
        "--values=-", f"--kube-version={chart.kube_version}", *_capabilities(chart.api_versions),
    ]  # fmt: skip
    own = {f"HELM_{name}_HOME": folder for name in ("CACHE", "CONFIG", "DATA")}
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": folder, **own}
    try:
        done = subprocess.run(
            command, input=json.dumps(values), env=environment, capture_output=True, text=True, check=False,
            timeout=_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnrenderedError(f"helm did not end well ({type(error).__name__})") from None
    if done.returncode:
        # A chart's own complaint may quote values.
        raise UnrenderedError(f"helm template ended with {done.returncode}")
    found = [mapping(one.value) for one in load_all(done.stdout.encode()) if one.value]
    return {_name(one, chart.namespace): digest(one) for one in found}


def _capabilities(versions: Sequence[str]) -> list[str]:
    return [f"--api-versions={one}" for one in versions]


def _name(found: dict[str, Json], namespace: str) -> str:
    metadata = mapping(found.get("metadata"))
    return f"{found.get('kind')} {metadata.get('namespace') or namespace}/{metadata.get('name')}"
