"""The real agent, run here with the workload's token, writes the files that the new pod will find."""

from __future__ import annotations

from collections.abc import Mapping

from migrate.checks.answer import Answer, Check, Fail, Inconclusive, Pass, Question
from migrate.checks.looking import Seen, joined, look, permitted, settled
from migrate.model.json import canonical
from migrate.model.ports import Observer

PROVES = "the agent reads and writes every file of the new pod, each equal to the key of the Secret that it replaces"
_ASKED = ("pod", "namespace", "account", "account_comes", "audience", "policy", "copies")


def ask(observer: Observer, question: Question) -> Answer:
    """Its configuration without commands, once, into memory: what comes out is compared there and forgotten."""
    about = question.about
    asked = canonical({name: about[name] for name in _ASKED}).decode()
    run = look(observer, f"cluster:AgentFiles/{about['deployment']}?{asked}")
    permitted(run, PROVES)
    if run.shows("untried"):
        return Inconclusive(
            f"not tried: {run.text('untried')}; it would have proven that {PROVES}", run.text("settles")
        )
    if run.shows("fault"):
        return _fault(run, about)
    return _files(run)


def _fault(run: Seen, about: Mapping[str, str]) -> Fail:
    at, by = run.text("at"), run.text("by")
    role, policy = f"auth/{about['auth_mount']}/role/{about['jwt_role']}", about["policy"]
    match run.text("fault"):
        case "login":
            return Fail(f"{by} is not let in by {at}", f"see what gate auth.login says of {role}")
        case "forbidden":
            return Fail(f"{by} may not read {at}", f"see what gate policy.capability says of {policy}")
        case "nothing":
            return Fail(f"{by} finds nothing at {at}", "see in Vault what is there, and who writes it")
        case "key":
            return Fail(f"{by} finds no key {at}", "see in Vault which keys are there: the file would not be written")
        case "template":
            return Fail(
                f"{by} cannot fill in a template ({at})",
                "see the templates in the plan; with that fault the pod would never start",
            )
        case _:
            return Fail(f"{by} does not begin: its login has no {at}", "see the annotations in the plan")


def _files(run: Seen) -> Answer:
    files, differing, unseen = run.texts("files"), run.texts("differing"), run.texts("unseen")
    if blank := run.texts("blank"):
        return Fail(f"{joined(blank)} would be written with nothing in it", "see in Vault what is at its path")
    if differing:
        return Fail(
            f"what the agent writes to {joined(differing)} is not what is there now",
            "let ESO copy it (annotate the ExternalSecret with force-sync), and compare what made them differ: ESO "
            "writes a document in Vault as JSON and null as nothing, the agent otherwise: put the text into Vault",
        )
    if unseen:
        return Inconclusive(
            f"{run.text('by')} writes {joined(files)}, but {joined(unseen)} could not be compared with what the pods "
            "read now",
            "grant get on that Secret, or pass the gate with a reason once you know it otherwise",
        )
    return Pass(f"{run.text('by')} writes {joined(files)}")


CHECK = Check(
    "agent.renders",
    ("deployment", *_ASKED, "auth_mount", "jwt_role"),
    "the real agent writes every file of the new pod",
    settled(ask),
)
