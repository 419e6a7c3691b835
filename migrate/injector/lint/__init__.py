"""Traps a pod can show by itself: what the injector does without complaint and somebody regrets later.

trigger      whether it is injected at all            login        whether it gets in
files        what is written, and for whom           shape        what it costs the pod
subject      what the rules look at, and what they find

Each rule is a generator of findings over a `Subject`; codes are stable. The facts behind them are what real
servers did. Never reads Vault or a cluster: whether a path exists or a role binds is for checks to find out.
"""

from __future__ import annotations

from migrate.injector.lint import files, login, shape, trigger
from migrate.injector.lint.subject import Finding, Severity, Subject

__all__ = ["Finding", "Severity", "Subject", "lint"]

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def lint(subject: Subject) -> list[Finding]:
    """All findings, the worst first; within a severity in the order of the rules."""
    found = [finding for concept in (trigger, login, files, shape) for finding in concept.findings(subject)]
    return sorted(found, key=lambda finding: _ORDER[finding.severity])
