"""Small estates made of text, scanned in memory; and real ones from a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from migrate.estate.extract import KUSTOMIZATION_NAMES, extract
from migrate.estate.inventory import Inventory, Secret
from migrate.estate.scan import assemble
from migrate.estate.settings import Settings

ROOT = Path(__file__).parents[2]
ESTATES = ROOT.parent / "shared" / "estates"
FIRST_USER = ESTATES / "tazlab-k8s"


def scan(files: Mapping[str, str | bytes], settings: Settings | None = None) -> Inventory:
    """The inventory of an estate given as {path: text}; texts may be indented."""
    data = {path: dedent(text).encode() if isinstance(text, str) else text for path, text in files.items()}
    facts = [extract(path, content) for path, content in data.items()]

    def read(path: str) -> bytes:
        if path not in data:
            raise FileNotFoundError(path)
        return data[path]

    return assemble(facts, read, len(facts), (), settings)


def load(folder: Path) -> dict[str, bytes]:
    """The manifests of a folder on disk."""
    found: dict[str, bytes] = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if name in KUSTOMIZATION_NAMES or path.suffix in {".yaml", ".yml", ".json"}:
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def secret(inventory: Inventory, name: str) -> Secret:
    """The one ExternalSecret of that `namespace/name`."""
    (found,) = [item for item in inventory.secrets if item.id == name]
    return found


def external(name: str, namespace: str = "apps", target: str = "", store: str = "vault") -> str:
    """An ExternalSecret of one key, `password`."""
    where = f"\n  namespace: {namespace}" if namespace else ""
    return f"""---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: {name}{where}
spec:
  secretStoreRef: {{kind: ClusterSecretStore, name: {store}}}
  target:
    name: {target or name}
  data:
    - secretKey: password
      remoteRef: {{key: team/db/password, property: value}}
"""


def deployment(container: str, namespace: str = "apps", name: str = "web", extra: str = "") -> str:
    """A Deployment with one container (flow style YAML) and further pod fields."""
    return f"""---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers: [{container}]
{extra}"""


def env(secret_name: str, variable: str = "PASSWORD", image: str = "example.org/team/web:1", more: str = "") -> str:
    """A container that reads one key as an environment variable."""
    reference = f"{{secretKeyRef: {{name: {secret_name}, key: password}}}}"
    return f"{{name: main, image: {image}, env: [{{name: {variable}, valueFrom: {reference}}}]{more}}}"
