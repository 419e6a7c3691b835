"""The pod that a cutover makes, sent as a server-side dry run: admission, security and quota answer, nothing stays."""

from __future__ import annotations

import copy
import json
import secrets
from collections.abc import Iterator
from typing import Any

from migrate.model.json import Json, mapping, sequence
from migrate.model.ports import Unreachable
from migrate.stores.cluster.api import Answer, Api, metadata, place
from migrate.stores.cluster.workloads import PLURALS, pod_template

_GROUPS = ("initContainers", "containers")
_REFUSALS = frozenset({400, 403, 404, 409, 422, 500})
_WEBHOOK = "failed calling webhook"
"""What is said with 500 of a pod that a webhook has to see first, and does not answer."""


def dry_run(api: Api, name: str, asked: str) -> dict[str, Json] | None:
    """What the API server says of the Deployment's pod with changes laid over it. Raises Unreachable."""
    found = workload_named(api, name)
    if not found.ok:
        return {} if found.status == 403 else None
    changes = json.loads(asked)
    answer = tried_out(api, name.partition("/")[2] if name.count("/") > 1 else name, found.body, asked)
    pod = laid_over(pod_template(found.body), changes)
    variables = list[Json](sorted(set(_variables(pod, str(changes["container"])))))
    if _may_not(answer.status, answer.message):
        return {"variables": variables}
    return {
        "allowed": answer.ok,
        "message": "" if answer.ok else answer.message,
        "agent": bool(_names(answer.body) & {"vault-agent", "vault-agent-init"}),
        "variables": variables,
    }


def workload_named(api: Api, name: str) -> Answer:
    """What the API server says of a workload by `[KIND/]NAMESPACE/NAME`. Raises Unreachable."""
    kind, _, rest = name.partition("/") if name.count("/") > 1 else ("Deployment", "", name)
    plural, group = PLURALS[kind]
    return api.look(place(rest, plural, group))


def tried_out(api: Api, name: str, deployment: dict[str, Json], asked: str) -> Answer:
    """The answer to the pod of a Deployment with changes laid over it, of which nothing stays. Raises Unreachable."""
    pod = laid_over(pod_template(deployment), json.loads(asked))
    pod["metadata"]["name"] = f"migrate-trial-{secrets.token_hex(4)}"
    pod |= {"apiVersion": "v1", "kind": "Pod"}
    where = f"/api/v1/namespaces/{name.partition('/')[0]}/pods"
    answer = api.told("POST", where, pod, query={"dryRun": "All"}, refusals=_REFUSALS)
    if answer.status == 500 and _WEBHOOK not in answer.message:
        raise Unreachable(f"the API server cannot answer now: {answer.message}", following="it answers again")
    return answer


def _may_not(status: int, message: str) -> bool:
    """Whether it was the asker who was refused, not the pod."""
    return status == 403 and "cannot create resource" in message


def laid_over(template: dict[str, Json], changes: dict[str, Any]) -> dict[str, Any]:
    """The pod of a template with the changes of `migrate.planning.login.pod`: what is set gets an empty value."""
    pod: dict[str, Any] = {
        "metadata": {key: one for key, one in metadata(template).items() if key in {"labels", "annotations"}},
        "spec": copy.deepcopy(mapping(template.get("spec"))),
    }
    spec = pod["spec"]
    notes = {**mapping(pod["metadata"].get("annotations")), **changes["annotations"]}
    dropped = changes.get("unannotate") or []
    pod["metadata"]["annotations"] = {name: one for name, one in notes.items() if name not in dropped}
    if changes.get("account"):
        spec["serviceAccountName"] = spec["serviceAccount"] = changes["account"]
    if changes.get("shareProcessNamespace") is not None:
        spec["shareProcessNamespace"] = changes["shareProcessNamespace"]
    gone = set(changes.get("unmount") or [])
    new = {volume["name"] for volume in changes.get("volumes") or []}
    kept = [one for one in spec.get("volumes") or [] if one["name"] not in gone | new]
    spec["volumes"] = kept + list(changes.get("volumes") or [])
    for container in (one for group in _GROUPS for one in spec.get(group) or []):
        container["volumeMounts"] = [one for one in container.get("volumeMounts") or [] if one["name"] not in gone]
        if container["name"] == changes["container"]:
            container["env"] = list(_env(container.get("env") or [], changes))
    return pod


def _env(variables: list[dict[str, Any]], changes: dict[str, Any]) -> Iterator[dict[str, Any]]:
    gone = set(changes["unset"]) | set(changes["set"])
    yield from (one for one in variables if one["name"] not in gone)
    yield from ({"name": name, "value": ""} for name in changes["set"])


def _variables(pod: dict[str, Any], container: str) -> Iterator[str]:
    for one in pod["spec"].get("containers") or []:
        if one["name"] == container:
            yield from (variable["name"] for variable in one.get("env") or [])


def _names(pod: dict[str, Json]) -> set[str]:
    spec = mapping(pod.get("spec"))
    return {str(mapping(one).get("name")) for group in _GROUPS for one in sequence(spec.get(group))}
