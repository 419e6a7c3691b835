"""Traps about whether the injector acts at all, and on which annotations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.injector.annotation import INJECT, INJECTED, STATUS
from migrate.injector.lint.subject import Finding, Subject, error, key, warning
from migrate.injector.prediction import Untouched

_KNOWN = frozenset([
    "agent-inject", "agent-inject-status", "agent-inject-token", "agent-inject-containers",
    "agent-inject-default-template", "agent-image", "agent-request-namespace", "agent-init-first",
    "agent-pre-populate", "agent-pre-populate-only", "agent-configmap", "agent-extra-secret",
    "agent-limits-cpu", "agent-limits-mem", "agent-limits-ephemeral", "agent-requests-cpu",
    "agent-requests-mem", "agent-requests-ephemeral", "agent-revoke-on-shutdown", "agent-revoke-grace",
    "namespace", "agent-run-as-user", "agent-run-as-group", "agent-run-as-same-user",
    "agent-share-process-namespace", "agent-set-security-context", "agent-service-account-token-volume-name",
    "service", "proxy-address", "tls-skip-verify", "tls-secret", "tls-server-name", "ca-cert", "ca-key",
    "client-cert", "client-key", "client-max-retries", "client-timeout", "go-max-procs", "log-level",
    "log-format", "role", "auth-type", "auth-path", "auth-min-backoff", "auth-max-backoff",
    "secret-volume-path", "preserve-secret-case", "agent-cache-enable", "agent-cache-use-auto-auth-token",
    "agent-cache-listener-port", "agent-cache-exit-on-err", "agent-copy-volume-mounts",
    "template-config-exit-on-retry-failure", "template-static-secret-render-interval",
    "template-max-connections-per-host", "template-lease-renewal-threshold", "agent-enable-quit",
    "agent-disable-idle-connections", "agent-disable-keep-alives", "agent-json-patch", "agent-init-json-patch",
    "agent-auto-auth-exit-on-err",
])  # fmt: skip
OF_A_SECRET = (
    "agent-inject-file", "agent-inject-perms", "agent-inject-command", "agent-template-left-delim",
    "agent-template-right-delim", "error-on-missing-key", "secret-volume-path", "preserve-secret-case",
)  # fmt: skip
_MAKERS = ("agent-inject-secret", "agent-inject-template-file", "agent-inject-template")
_FAMILIES = re.compile("(?:" + "|".join([*_MAKERS, *OF_A_SECRET, "auth-config", "agent-telemetry"]) + ")-.+")


def findings(subject: Subject) -> Iterator[Finding]:
    """Traps about the trigger and about names."""
    yield from _misplaced(subject)
    yield from _asleep(subject)
    yield from _names(subject)


def _misplaced(subject: Subject) -> Iterator[Finding]:
    workload = subject.workload
    for place in dict.fromkeys(place for _, place in workload.misplaced):
        names = ", ".join(name for name, where in workload.misplaced if where == place)
        yield error(
            "annotation.misplaced",
            f"{names}: stands at {place} of the {workload.kind}; the injector only sees the pod's annotations.",
            "Move them to the pod template's metadata.annotations.",
        )


def _asleep(subject: Subject) -> Iterator[Finding]:
    if not isinstance(subject.prediction, Untouched):
        return
    if subject.given.get(STATUS) == INJECTED:
        yield error(
            "inject.status-copied",
            f"{STATUS}: {INJECTED} was copied from a live pod; the injector leaves such a pod alone in silence.",
            f"Remove {STATUS}.",
        )
    elif subject.own and INJECT not in subject.given:
        yield warning(
            "inject.not-asked",
            "The pod has injector annotations, but nothing that switches injection on.",
            f'Add {INJECT}: "true", or remove the rest.',
        )


def _names(subject: Subject) -> Iterator[Finding]:
    for name in sorted(subject.own):
        if name not in _KNOWN and not _FAMILIES.fullmatch(name):
            yield warning(
                "annotation.unknown",
                f"The injector knows no annotation {key(name)}; it is ignored without a word.",
                "Correct the name, or remove it.",
            )
        if len(name) > 63:
            yield error(
                "annotation.too-long",
                f"{key(name)}: the part after the slash has {len(name)} characters; Kubernetes allows 63.",
                "Shorten the secret's name and set the file name with agent-inject-file-NAME.",
            )
