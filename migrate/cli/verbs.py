"""The verbs, each a module of this folder, with the line that `migrate --help` says of it.

Here rather than in the modules, so that the help need not import and take apart twenty of them: that would take
longer than everything else a start does (1 ms a verb, beside 45 for the whole of typer).
"""

from __future__ import annotations

from importlib.util import find_spec

# In the order of the help text.
_LINES = {
    "init": "Write migrate.yaml from what the repository says.",
    "scan": "Say for every secret whether it can move, and who decides.",
    "predict": "Say what the Vault Agent Injector would do with a pod.",
    "phases": "List the phases, or explain one.",
    "plan": "Plan a phase from Git alone; nothing is changed.",
    "show": "Show a plan by stage and blast radius, with the way back.",
    "explain": "Say where a step of a plan comes from.",
    "runbook": "List, show, check or begin a runbook.",
    "practice": "Look into a practice world, or break something in it.",
    "lab": "Real servers for practice: build them, start them, stop them.",
    "demo": "Scan and plan the example estate.",
}


def verbs() -> dict[str, str]:
    """The verbs that this build has, with their lines."""
    return {name: line for name, line in _LINES.items() if find_spec(f"migrate.cli.{name}")}
