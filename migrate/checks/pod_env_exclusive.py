"""No variable of the new pod stands beside its own __FILE form: the application would refuse to start."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Looks at the pod as rendered, where the chart's own variables are seen too."""
    deployment = question.about["deployment"]
    names = set(look(observer, f"cluster:DryRun/{deployment}?{question.about['pod']}").texts("variables"))
    both = sorted(name for name in names if f"{name}__FILE" in names)
    if both:
        return Fail(
            f"the pod of {deployment} would have {joined(both)} together with the __FILE form",
            "find what else sets it (the chart, valuesFrom, envFromSecret), take it out, then plan again",
        )
    return Pass(f"none of the {len(names)} variables stands beside its __FILE form")


CHECK = Check("pod.env-exclusive", ("deployment", "pod"), "no variable is set in both its forms", settled(ask))
