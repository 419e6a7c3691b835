"""The image has a shell: what reads files into variables before the command begins."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import look, settled
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Declared in `migrate.yaml`, documented for the image, or seen in the container that runs now."""
    name, known = question.about["wrapped"], question.about["shell"]
    if known:
        return Pass(f"{name} has a shell (says {known})")
    for container in name.split(", "):
        seen = look(observer, f"cluster:Shell/{container}")
        if not seen.shows("present"):
            namespace, workload, short = container.split("/")
            return Inconclusive(
                f"nobody says whether {container} has a shell",
                f"kubectl -n {namespace} exec deploy/{workload} -c {short} -- /bin/sh -c 'printf x': if it "
                "answers, declare adapters: in migrate.yaml (shell: true), or waive this gate with that as reason",
            )
        if not seen.flag("present"):
            return Fail(f"{container} has no shell", "its secret is for the application's code: see migrate scan")
    return Pass(f"{name} has a shell")


CHECK = Check("pod.shell", ("wrapped", "shell"), "the command can be wrapped to read files", settled(ask))
