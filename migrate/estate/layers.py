"""From readers to the verdict that counts: what stands above them (the path to Vault, copies, owners' decisions)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from migrate.estate.inventory import Bootstrap, Finding, Reader, Reason, Secret, Verdict
from migrate.estate.profiles import Profiles
from migrate.estate.settings import Settings
from migrate.estate.verdicts import judge, telling


def judged(
    secret: Secret,
    readers: tuple[Reader, ...],
    path: Mapping[tuple[str, str], Bootstrap],
    profiles: Profiles,
    settings: Settings,
) -> Secret:
    """The secret with its readers, its verdict and the reasons, deciding ones first. `path`: what leads to Vault."""
    readers = telling(readers)
    verdict, reasons = judge(readers, secret.keys, profiles)
    if secret.generated:
        reason = Reason("keep.generator", "ESO generates a value of it itself; it is nowhere else")
        verdict, reasons = "keep", _front(reason, reasons)
    if secret.copied and verdict != "keep":
        reason = Reason("keep.copied", "another controller copies it to other namespaces, where it may be read")
        verdict, reasons = "keep", _front(reason, reasons)
    if (item := path.get((secret.namespace, secret.target))) is not None:
        reason = Reason("keep.bootstrap-path", f"on the path to Vault: {item.reason}")
        verdict, reasons = "keep", _front(reason, reasons)
    if not secret.wired:
        verdict, reasons = "orphan", _front(Reason("orphan.unwired", "nothing applies this file"), reasons)
    verdict, reasons = _overridden(secret, verdict, reasons, settings)
    return replace(secret, readers=readers, verdict=verdict, reasons=reasons)


def _front(reason: Reason, reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """The reason with its reader borrowed from those it comes before: a keep always names who reads."""
    reader = next((item.reader for item in reasons if item.reader), None)
    return (
        replace(reason, reader=reason.reader or reader),
        *(item for item in reasons if item.code != reason.code),
    )


def _overridden(
    secret: Secret, verdict: Verdict, reasons: tuple[Reason, ...], settings: Settings
) -> tuple[Verdict, tuple[Reason, ...]]:
    override = settings.overrides.get(secret.id)
    if override is None:
        return verdict, reasons
    return override.verdict, (
        Reason(f"{override.verdict}.override", f"migrate.yaml: {override.reason}"),
        *reasons,
    )


def without_effect(settings: Settings, secrets: Sequence[Secret], profiles: Profiles) -> Iterator[Finding]:
    """What an owner wrote down and nothing here answers to: a name that was mistyped must not pass in silence."""
    ids = {secret.id for secret in secrets}
    for name in settings.overrides:
        if name not in ids:
            text = f"overrides: there is no ExternalSecret {name}"
            yield Finding("settings.no-effect", "warning", text, "migrate.yaml")
    for pattern in profiles.unasked():
        text = f"adapters: no image that reads a secret fits {pattern}"
        yield Finding("settings.no-effect", "warning", text, "migrate.yaml")
