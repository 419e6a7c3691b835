"""The real webhook accepts the very pod that the cutover makes, and adds the agent to it."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """A server-side dry run: admission, pod security and quota say what they would say, and nothing is created."""
    deployment = question.about["deployment"]
    run = look(observer, f"cluster:DryRun/{deployment}?{question.about['pod']}")
    if not run.flag("allowed"):
        return Fail(
            f"the pod of {deployment} is refused: {run.text('message')}", "change what it names, then plan again"
        )
    if not run.flag("agent"):
        return Fail(
            f"the pod of {deployment} is accepted, but no agent is added to it",
            "the webhook was not asked or left it alone: see its selectors and its log",
        )
    return Pass(f"the pod of {deployment} is accepted, with the agent")


CHECK = Check("pod.dryrun", ("deployment", "pod"), "the API server and the injector accept the new pod", settled(ask))
