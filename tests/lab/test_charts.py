"""Any chart repository answers inside the lab, with charts of the lab's own, and nothing outside is reached."""

from __future__ import annotations

import hashlib
import io
import json
import ssl
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.lab.running import program, running

Get = Callable[[str], bytes]

# A cluster that does not answer: what is asked by name and version needs none.
NOWHERE = """
apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: nobody, user: {}}]
contexts: [{name: none, context: {cluster: none, user: nobody}}]
current-context: none
"""


@pytest.fixture(scope="module")
def get(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Get]:
    folder = tmp_path_factory.mktemp("charts")
    config, authority = folder / "kubeconfig", folder / "ca.pem"
    config.write_text(NOWHERE)
    charts = program("lab-charts")
    with running(charts, "--listen", "127.0.0.1:0", "--ca", authority, "--kubeconfig", config) as (address,):
        proxy = urllib.request.ProxyHandler({"https": f"http://{address}", "http": f"http://{address}"})
        trust = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(authority)))
        opener = urllib.request.build_opener(proxy, trust)
        yield lambda url: opener.open(url, timeout=20).read()


def chart(get: Get, repository: str, version: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """A chart's manifest and its files, by the way an OCI client takes."""
    manifest: dict[str, Any] = json.loads(get(f"{repository}/manifests/{version}"))
    (layer,) = manifest["layers"]
    packed = get(f"{repository}/blobs/{layer['digest']}")
    assert "sha256:" + hashlib.sha256(packed).hexdigest() == layer["digest"]
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        files = {member.name: archive.extractfile(member) for member in archive.getmembers()}
        return manifest, {name: file.read() for name, file in files.items() if file}


def test_a_chart_has_the_name_and_version_it_was_asked_for(get: Get) -> None:
    _, files = chart(get, "https://ghcr.io/v2/somebody/charts/app-template", "4.2.0_build.1")
    head = json.loads(files["app-template/Chart.yaml"])
    assert (head["name"], head["version"]) == ("app-template", "4.2.0+build.1")


def test_the_stack_holds_grafana_as_a_chart_that_can_be_switched_off(get: Get) -> None:
    _, files = chart(get, "https://registry.example/v2/kube-prometheus-stack", "61.3.1")
    (inner,) = json.loads(files["kube-prometheus-stack/Chart.yaml"])["dependencies"]
    assert (inner["name"], inner["condition"]) == ("grafana", "grafana.enabled")
    assert "kube-prometheus-stack/charts/grafana/templates/deployment.yaml" in files


def test_the_same_chart_is_the_same_bytes_every_time(get: Get) -> None:
    first = chart(get, "https://ghcr.io/v2/grafana/helm-charts/grafana", "8.2.2")
    assert chart(get, "https://ghcr.io/v2/grafana/helm-charts/grafana", "8.2.2") == first


@pytest.mark.parametrize("url", ["https://github.com/somebody/something", "http://example.com/", "https://10.0.0.1/x"])
def test_whatever_is_no_chart_repository_is_not_reached(get: Get, url: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        get(url)
    refused.value.close()


def test_an_index_without_a_cluster_is_an_error_and_not_an_empty_list(get: Get) -> None:
    with pytest.raises(urllib.error.HTTPError, match="503") as refused:
        get("https://charts.example/index.yaml")
    refused.value.close()
