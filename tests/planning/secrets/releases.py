"""Helm releases that read a Secret of these estates: of a known chart, and of one that nobody knows."""

from __future__ import annotations

from typing import Any


def release(
    values: dict[str, Any], *, chart: str = "app-template", version: str = "5.1.0", name: str = "app", **spec: Any
) -> dict[str, Any]:
    source = {"chart": chart, "version": version, "sourceRef": {"kind": "HelmRepository", "name": "charts"}}
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": name, "namespace": "apps"},
        "spec": {"interval": "1h", "chart": {"spec": source}, "values": values, **spec},
    }


def controllers(image: str, *names: str, **held: Any) -> dict[str, Any]:
    """Values of app-template with these pods, each of one container `main`."""
    repository, _, tag = image.rpartition(":")
    container = {"image": {"repository": repository, "tag": tag}, **held}
    return {"controllers": {name: {"containers": {"main": container}} for name in names or ("app",)}}
