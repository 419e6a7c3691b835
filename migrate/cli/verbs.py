"""The verbs, each a module of this folder, with the line that `migrate --help` says of it.

Here rather than in the modules, so that the help need not import and take apart twenty of them: that would take
longer than everything else a start does (1 ms a verb, beside 45 for the whole of typer).
"""

from __future__ import annotations

from importlib.util import find_spec

# In the order of the help text.
_LINES = {
    "init": "Write migrate.yaml from what the repository says.",
    "doctor": "Show settings with their sources, and ask the servers.",
    "scan": "Say for every secret whether it moves, and who decides.",
    "predict": "Say what the Vault Agent Injector would do with a pod.",
    "phases": "List the phases, or explain one.",
    "plan": "Plan a phase from Git alone; nothing is changed.",
    "show": "Show a plan by stage and blast radius, with the way back.",
    "explain": "Say where a step of a plan comes from.",
    "rehearse": "Try a plan on a lab's servers: there, back, there again.",
    "apply": "Apply a plan up to the first gate that waits.",
    "resume": "Go on with the open run, from what is really there.",
    "rollback": "Take a run back: only what is still its own.",
    "status": "Show where runs stand and what to do next.",
    "log": "Show a run's journal, verified.",
    "verify": "Compare what a run recorded with what is there now.",
    "hold": "Stop a run before its next step, or let it go on.",
    "lock": "Show who is at work here, or break a lock that hangs.",
    "baseline": "Adopt what somebody already did by hand.",
    "recover": "Rebuild a lost journal from the plan and the world.",
    "export-rollback": "Write the way back as a script for bare tools.",
    "least-privilege": "Say what each workload could read, and can read now.",
    "policies": "Find over-grants in policies; show the tool's own.",
    "runbook": "List, show, check or begin a runbook.",
    "session": "Follow a runbook step by step, with evidence.",
    "report": "Write what changed, who agreed, how to go back.",
    "board": "Show runs, gates and verdicts on a local page.",
    "practice": "Look into a practice world, or break something in it.",
    "lab": "Start real servers here, to practise and test on.",
    "demo": "Scan, plan, apply and take back on the example estate.",
}

# Verbs that may have begun something when they fail: their errors alone know what was not done.
_PARTLY = frozenset(("lab", "rehearse", "demo"))
# Verbs that write for a run: one of these is not done because nobody read what it said.
_WRITERS = ("apply", "resume", "rollback", "baseline", "recover")
_WRITES = "what was begun is settled by reading back"
# What is true, and what says more, where somebody pressed Ctrl-C. Every other verb only reads.
_INTERRUPTED = {
    **dict.fromkeys(_WRITERS, (_WRITES, "migrate status")),
    "hold": ("", "migrate status"),
    "plan": ("no server was changed; whoever made a plan file has it whole", ""),
    "session": ("every part that ended is written down", "migrate session status, then migrate session run"),
    "lab": ("", "migrate lab status"),
    "demo": ("no server and nothing of yours was touched", ""),
    "practice": ("", "migrate practice show WORLD"),
    **dict.fromkeys(("init", "export-rollback", "runbook", "report"), ("no server was changed", "")),
    "lock": ("", "migrate lock show"),
}


def after_interrupt(verb: str) -> tuple[str, str]:
    """What is true where a verb ended before its time, and the command that says more."""
    return _INTERRUPTED.get(verb, ("nothing was changed", ""))


def writes(verb: str) -> bool:
    """Whether a verb writes for a run."""
    return verb in _WRITERS


def partly(verb: str) -> bool:
    """Whether a verb may have begun something when it fails."""
    return verb in _PARTLY


def verbs() -> dict[str, str]:
    """The verbs that this build has, with their lines."""
    return {name: line for name, line in _LINES.items() if find_spec(f"migrate.cli.{module_of(name)}")}


def module_of(verb: str) -> str:
    """The module of a verb: a name that is typed with hyphens is none in Python."""
    return verb.replace("-", "_")
