"""One question, every answer: the injector's, the API server's afterwards, and the traps, as `migrate.predict/v1`."""

from __future__ import annotations

from dataclasses import dataclass

from migrate.injector import admission
from migrate.injector.lint import Finding, Subject, lint
from migrate.injector.prediction import (
    Denied,
    Mutated,
    Prediction,
    Unanswered,
    agent_configs,
    predict,
    readable_pod,
)
from migrate.injector.settings import Settings
from migrate.injector.workload import Workload
from migrate.model.json import Json

SCHEMA = "migrate.predict/v1"


@dataclass(frozen=True)
class Answer:
    """What would happen to a workload's pod. `findings` is empty unless lint was asked for."""

    workload: Workload
    namespace: str
    prediction: Prediction
    server_refusals: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def allowed(self) -> bool:
        """Whether the injector lets the pod pass; the API server may still refuse it."""
        return not isinstance(self.prediction, Denied | Unanswered)

    @property
    def message(self) -> str | None:
        """The injector's refusal, word for word."""
        match self.prediction:
            case Denied(text) | Unanswered(text):
                return text
            case _:
                return None


def answer(workload: Workload, namespace: str, settings: Settings, *, with_lint: bool) -> Answer:
    """Predict, validate and (if asked) lint; never raises on any pod."""
    prediction = predict(workload.pod, namespace, settings)
    refused = tuple(admission.refusals(prediction.pod)) if isinstance(prediction, Mutated) else ()
    subject = Subject(workload, settings, prediction, refused)
    return Answer(workload, namespace, prediction, refused, tuple(lint(subject)) if with_lint else ())


def document(given: Answer) -> dict[str, Json]:
    """The answer as JSON; `pod` and `agentConfig` are null when the pod is left alone."""
    found = given.prediction
    return {
        "schema": SCHEMA,
        "allowed": given.allowed,
        "message": given.message,
        "pod": readable_pod(found.pod) if isinstance(found, Mutated) else None,
        "agentConfig": agent_configs(found.pod) if isinstance(found, Mutated) else None,
        "lint": [
            {"code": item.code, "severity": item.severity.value, "text": item.text, "fix": item.fix}
            for item in given.findings
        ],
        "serverRefusals": [{"text": text} for text in given.server_refusals],
    }
