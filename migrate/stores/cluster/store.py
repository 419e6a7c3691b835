"""What a run may write in the cluster: the moment from which a workload's pods are replaced, and who owns a Secret.

Everything else there belongs to Git. The guard is the object's resourceVersion, tested by the patch itself: nothing
is written where it moved, which status updates alone can do.
"""

from __future__ import annotations

from dataclasses import dataclass

from migrate.model.change import Absent, Change, Doc
from migrate.model.json import Json, mapping
from migrate.model.ports import Conflict, Denied, Move, Outcome, OutcomeUnknown, Secrets, Snapshot, Unreachable, Written
from migrate.stores.cluster.api import JSON_PATCH, Answer, Api, metadata, place
from migrate.stores.cluster.owners import disowned, ownership
from migrate.stores.lost import LostError
from migrate.targets.ownership import KIND

RESTARTED = "kubectl.kubernetes.io/restartedAt"
"""The annotation by which `kubectl rollout restart` replaces pods."""

_PLURALS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}


@dataclass(frozen=True, slots=True)
class ClusterStore:
    """The workloads and Secrets of one cluster."""

    api: Api

    def read(self, change: Change) -> Snapshot:
        """When its pods were last replaced by hand; of a Secret, who owns it. Raises Unreachable."""
        if change.target.kind == KIND:
            return ownership(self.api, change.target.name)
        found = self.api.look(_path(change))
        if not found.ok:
            if found.status == 403:
                raise Unreachable(
                    f"the kubeconfig's user may not read {change.target}", following=_grant(change, "get")
                )
            return Snapshot(Absent())
        since = template_annotations(found.body).get(RESTARTED)
        state: dict[str, Json] = {"restartedAt": since} if since else {}
        return Snapshot(Doc(state), str(metadata(found.body).get("resourceVersion", "")))

    def write(self, move: Move, seen: Snapshot, secrets: Secrets) -> Outcome:
        """One JSON Patch that begins with a test of what was seen."""
        change = move.change
        if change.target.kind == KIND:
            return self._owned(change, seen)
        wanted = mapping(change.after.value) if isinstance(change.after, Doc) else {}
        if set(wanted) - {"restartedAt"} or isinstance(change.after, Absent):
            return Denied(f"{change.target} is Git's to change", "commit the change instead")
        try:
            found = self.api.look(_path(change))
            if not found.ok:
                return Denied(f"{change.target}: {found.message}")
            patch = _patch(found.body, seen.version, wanted.get("restartedAt"))
            answer = self.api.ask("PATCH", _path(change), patch, kind=JSON_PATCH, query={"fieldManager": "migrate"})
        except (LostError, Unreachable) as error:
            return OutcomeUnknown(str(error))
        return _outcome(answer, change)

    def _owned(self, change: Change, seen: Snapshot) -> Outcome:
        try:
            answer = disowned(self.api, change, seen)
        except (LostError, Unreachable) as error:
            return OutcomeUnknown(str(error))
        return _outcome(answer, change) if isinstance(answer, Answer) else answer

    def identity(self) -> str:
        """The uid of kube-system, which lives as long as the cluster. Raises Unreachable."""
        found = self.api.look("/api/v1/namespaces/kube-system")
        uid = metadata(found.body).get("uid")
        if not found.ok or not isinstance(uid, str):
            raise Unreachable(
                f"the cluster does not tell which one it is: {found.message}",
                following="grant get on namespace kube-system",
            )
        return uid


def _path(change: Change) -> str:
    return place(change.target.name, _PLURALS.get(change.target.kind, "deployments"), "/apis/apps/v1")


def template_annotations(workload: dict[str, Json]) -> dict[str, Json]:
    """The annotations of a workload's pods."""
    template = mapping(mapping(workload.get("spec")).get("template"))
    return mapping(metadata(template).get("annotations"))


def _patch(found: dict[str, Json], version: str, since: Json) -> list[dict[str, Json]]:
    at = "/spec/template/metadata/annotations"
    present = template_annotations(found)
    patch: list[dict[str, Json]] = [{"op": "test", "path": "/metadata/resourceVersion", "value": version}]
    if not present:
        patch.append({"op": "add", "path": at, "value": {}})
    key = f"{at}/{RESTARTED.replace('/', '~1')}"
    if since is not None:
        patch.append({"op": "add", "path": key, "value": since})
    elif RESTARTED in present:
        patch.append({"op": "remove", "path": key})
    return patch


def _outcome(answer: Answer, change: Change) -> Outcome:
    if not answer.its_own:
        return OutcomeUnknown(f"what answers in the API server's place says HTTP {answer.status}")
    match answer.status:
        case status if 200 <= status < 300:
            return Written()
        case 403:
            return Denied(f"{change.target}: {answer.message}", _grant(change, "patch"), right=True)
        case 409 | 412 | 422:
            # A failed `test` is answered 422 with this; any other 422 would be one of ours.
            return Conflict("it has changed in the meantime")
        case _ if answer.later:
            return OutcomeUnknown(answer.message)
        case _:
            return Denied(f"{change.target}: {answer.message}")


def _grant(change: Change, verb: str) -> str:
    plural = _PLURALS.get(change.target.kind, "deployments")
    kind = "secrets" if change.target.kind == KIND else f"{plural}.apps"
    return f"grant {verb} on {kind} in namespace {change.target.namespace}"
