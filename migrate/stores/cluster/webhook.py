"""The injector's webhook, as the API server would call it: whether it is served, trusted, and asked about whom."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from migrate.model.json import Json, mapping, sequence
from migrate.stores.cluster.api import Api, metadata

NAME = "vault.hashicorp.com"
_SECONDS = 5


def webhook(api: Api) -> dict[str, Json] | None:
    """What is known of it. Raises Unreachable."""
    found = api.look("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations")
    if not found.ok:
        return {}
    hook = next(_hooks(found.items), None)
    if hook is None:
        return None
    client = mapping(hook.get("clientConfig"))
    shown: dict[str, Json] = {"failurePolicy": hook.get("failurePolicy", "Fail")}
    shown |= _covers(api, mapping(hook.get("namespaceSelector")))
    bundle = str(client.get("caBundle") or "")
    if url := client.get("url"):
        return shown | _called(str(url), bundle)
    return shown | _behind(api, mapping(client.get("service")), bundle)


def _hooks(configurations: list[dict[str, Json]]) -> Iterator[dict[str, Json]]:
    for one in configurations:
        for hook in sequence(one.get("webhooks")):
            if mapping(hook).get("name") == NAME:
                yield mapping(hook)


def _called(url: str, bundle: str) -> dict[str, Json]:
    """A webhook at an address: called from here as the API server calls it."""
    there = urlsplit(url)
    try:
        authority = base64.b64decode(bundle).decode() or None
        context = ssl.create_default_context(cadata=authority)
        with socket.create_connection((there.hostname or "", there.port or 443), _SECONDS) as line:
            context.wrap_socket(line, server_hostname=there.hostname).close()
    except ssl.SSLError:
        return {"served": True, "caTrusted": False}
    except (OSError, ValueError):
        return {"served": False, "caTrusted": bool(bundle)}
    return {"served": True, "caTrusted": True}


def _behind(api: Api, service: dict[str, Json], bundle: str) -> dict[str, Json]:
    """A webhook behind a Service: served where an endpoint of it is ready. Whether the API server trusts what is served
    there shows in the dry run only; an empty bundle is the one thing that is certainly wrong."""
    query = {"labelSelector": f"kubernetes.io/service-name={service.get('name')}"}
    found = api.look(f"/apis/discovery.k8s.io/v1/namespaces/{service.get('namespace')}/endpointslices", query=query)
    shown: dict[str, Json] = {"caTrusted": bool(bundle)}
    if not found.ok:
        return shown
    conditions = [
        mapping(mapping(one).get("conditions")) for slice_ in found.items for one in sequence(slice_.get("endpoints"))
    ]
    return shown | {"served": any(one.get("ready") is not False for one in conditions)}


def _covers(api: Api, selector: dict[str, Json]) -> dict[str, Json]:
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        return {"covers": "*"}
    found = api.look("/api/v1/namespaces")
    if not found.ok:
        return {}
    names = [str(metadata(one).get("name")) for one in found.items if selects(selector, _labels(one))]
    return {"covers": list[Json](sorted(names))}


def _labels(found: dict[str, Json]) -> dict[str, Json]:
    return mapping(metadata(found).get("labels"))


def selects(selector: dict[str, Json], labels: dict[str, Json]) -> bool:
    """Whether a label selector takes an object with these labels."""
    if any(labels.get(key) != value for key, value in mapping(selector.get("matchLabels")).items()):
        return False
    return all(_holds(mapping(one), labels) for one in sequence(selector.get("matchExpressions")))


def _holds(rule: dict[str, Json], labels: dict[str, Json]) -> bool:
    key, values = str(rule.get("key")), sequence(rule.get("values"))
    match rule.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
