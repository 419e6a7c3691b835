"""Nobody needs the old Secret or the old login any more."""

from __future__ import annotations

from migrate.checks.answer import Answer, Check, Fail, Pass, Question
from migrate.checks.looking import joined, look, settled
from migrate.checks.quiet import quiet
from migrate.model.ports import Observer


def ask(observer: Observer, question: Question) -> Answer:
    """Asked for as long as the gate's soak, so that weekly jobs show themselves."""
    name, old = question.about["secret"], question.about["old_login"]
    pods = look(observer, f"cluster:Consumers/{name}").texts("pods")
    if pods:
        return Fail(
            f"{joined(pods)} still reads Secret {name}", "move that reader first; the ExternalSecret stays until then"
        )
    if not old:
        return Pass(f"no pod names Secret {name}")
    return quiet(observer, old) or Pass(f"no pod names Secret {name}, and {old} has no session")


CHECK = Check(
    "secret.consumers",
    ("secret", "old_login"),
    "nobody reads the Secret or uses the old login",
    settled(ask),
    guards=True,
)
