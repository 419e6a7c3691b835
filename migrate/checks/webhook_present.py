"""The injector's webhook is there for the workload's namespace."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Without it pods start without their files, or not at all, depending on its failurePolicy."""
    webhook, namespace = look(observer, "cluster:Webhook/injector"), question.about["namespace"]
    if not webhook.exists or not webhook.flag("served"):
        return Fail("the injector's webhook is not served", "install the injector, or see why its pods are not ready")
    if not webhook.flag("caTrusted"):
        return Fail("the API server does not trust the webhook's certificate", "see the caBundle of its configuration")
    if webhook.value.get("covers") != "*" and namespace not in webhook.texts("covers"):
        return Fail(f"the webhook does not cover namespace {namespace}", "see its namespaceSelector")
    policy = webhook.text("failurePolicy")
    return Pass(f"the injector's webhook is served and covers {namespace} (failurePolicy {policy})")


CHECK = Check("webhook.present", ("namespace",), "the injector will be asked about the workload's pods", settled(ask))
