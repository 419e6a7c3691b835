"""The webhook's conversation: the bytes of an AdmissionReview in, status and bytes of the answer out.

Pure: who listens, and with which certificate, is `migrate.lab.webhook`'s business. Understands
admission.k8s.io/v1, and v1beta1 in the same shape, as the injector does.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from migrate.injector import mutation
from migrate.injector.agentconfig import written
from migrate.injector.gojson import mended
from migrate.injector.prediction import Denied, Mutated, Prediction, Unanswered, Untouched, predict
from migrate.injector.settings import Settings
from migrate.model.json import Json

_VERSIONS = ("admission.k8s.io/v1", "admission.k8s.io/v1beta1")


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. 200 carries an AdmissionReview; anything else a line of text, and counts as a failed call."""

    status: int
    body: bytes
    content_type: str = "application/json"


def reply(body: bytes, content_type: str, settings: Settings) -> Reply:
    """Answer one request; never raises, whatever the bytes."""
    if content_type != "application/json":
        return _fault(400, f'Invalid content-type: "{content_type}"')
    if not body:
        return _fault(400, "Empty request body")
    try:
        review = mended(json.loads(body))
    except (ValueError, RecursionError) as error:
        return _fault(500, f"error decoding admission request: {error}")
    if not isinstance(review, dict) or review.get("kind") != "AdmissionReview":
        return _fault(500, "error decoding admission request: not an AdmissionReview")
    version = review.get("apiVersion")
    if version not in _VERSIONS:
        return _fault(500, f"error decoding admission request: no kind AdmissionReview in {version}")
    request = review.get("request")
    if not isinstance(request, dict):
        return _fault(500, "error decoding admission request: it has no request")
    return _answer(str(version), request, settings)


def _fault(status: int, text: str) -> Reply:
    return Reply(status, (text + "\n").encode("utf-8", "replace"), "text/plain; charset=utf-8")


def _answer(version: str, request: dict[str, Any], settings: Settings) -> Reply:
    namespace = request.get("namespace")
    found = predict(request.get("object"), namespace if isinstance(namespace, str) else "", settings)
    if isinstance(found, Unanswered):
        return _fault(500, found.reason)
    response = {"uid": str(request.get("uid", "")), **_response(found)}
    document: Json = {"kind": "AdmissionReview", "apiVersion": version, "response": response}
    return Reply(200, written(document).encode("utf-8", "replace"))


def _response(found: Prediction) -> dict[str, Json]:
    match found:
        case Denied(message):
            return {"allowed": False, "status": {"metadata": {}, "message": message}}
        case Mutated(operations=operations):
            patch = written(mutation.patch(operations)).encode("utf-8", "replace")
            return {"allowed": True, "patch": base64.b64encode(patch).decode(), "patchType": "JSONPatch"}
        case Untouched() | Unanswered():
            return {"allowed": True}
