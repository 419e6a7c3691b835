"""Why a phase found nothing to move, and what is there instead: the answer names files and the next step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migrate.estate.inventory import Inventory, Workload
from migrate.model.errors import Failed, Refused
from migrate.model.json import mapping, sequence, text_at
from migrate.planning.cases import Selection
from migrate.planning.files import Files, Found, one
from migrate.planning.phases import Phase, ReleaseSelect


@dataclass(frozen=True, slots=True)
class Sight:
    """Something that is there, and why it is not what the phase can move. `fix` is the next step."""

    what: str
    fix: str


_SHOWN = 5


def refusal(
    inventory: Inventory, files: Files, phase: Phase, select: ReleaseSelect, selection: Selection
) -> Failed | Refused:
    """Refused where something is there that could be meant, Failed where there is no trace of it."""
    wanted = ", ".join(selection.only)
    sights = [*_sights(inventory, files, phase, select, selection)]
    sought = select.container
    if sights:
        others = f"; also: {'; '.join(sight.what for sight in sights[1:_SHOWN])}" if sights[1:] else ""
        return Refused(
            sights[0].what,
            truth=f"{phase.name} moves a password that an ExternalSecret copies into one key of a Secret, and that a "
            f"HelmRelease hands over as {select.variable}{others}",
            undone="no plan was made",
            following=sights[0].fix,
        )
    charts = ", ".join(rule.chart for rule in select.releases)
    return Failed(
        f"{sought} was not found" + (f" as {wanted}" if wanted else ""),
        truth=f"looked for a HelmRelease of chart {charts} that sets {select.variable}; "
        f"found {_releases(inventory, sought)}",
        undone="no plan was made",
        following="migrate scan shows what reads which Secret; --estate DIR names another repository",
    )


def _sights(
    inventory: Inventory, files: Files, phase: Phase, select: ReleaseSelect, selection: Selection
) -> Iterator[Sight]:
    """Likeliest first: a release that is applied, one that is not, a file that could not be read, another kind."""
    under = {rule.chart: rule.values for rule in select.releases}
    releases = [one_ for one_ in inventory.workloads if one_.kind == "HelmRelease" and one_.chart in under]
    for release in sorted(releases, key=lambda release: not release.wired):
        if selection.takes(f"{release.namespace}/{release.name}"):
            yield _release(release, files, under[release.chart], select.variable)
    yield from _unread(inventory, files, select)
    for workload in inventory.workloads:
        images = [_plain(container.image) for container in workload.containers]
        if workload.kind != "HelmRelease" and select.container in images:
            name = f"{workload.namespace}/{workload.name}"
            yield Sight(
                f"{select.container} runs as {workload.kind} {name} ({workload.file}), not as a HelmRelease",
                f"{phase.name} edits Helm values only: move this one by hand, or with a chart",
            )
    if selection.only and releases:
        names = ", ".join(f"{release.namespace}/{release.name}" for release in releases)
        yield Sight(
            f"there is no {', '.join(selection.only)}; of these charts there is {names}",
            "name that, or leave out --workload and --only",
        )


def _plain(image: str) -> str:
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0]


def _release(release: Workload, files: Files, under: str, variable: str) -> Sight:
    name, file = f"HelmRelease {release.namespace}/{release.name}", release.file
    found = one(files, file, release.document)
    if found is None:
        return Sight(f"{name} cannot be read any more ({file})", "plan again when nobody writes to the tree")
    if not release.wired:
        return Sight(
            f"{name} is in {file}, but nothing applies that file", "add it to a kustomization that Flux applies"
        )
    values = found.spec.get("values")
    if mapping(mapping(values).get(under) if under else values).get("enabled") is False:
        return Sight(f"{name} switches it off ({under}.enabled: false in {file})", "there is nothing to move")
    if values is not None and not isinstance(values, dict):
        return Sight(f"{name}: spec.values in {file} is no map", "mend it: Helm would refuse it as well")
    elsewhere = " and ".join(_values_from(found))
    if elsewhere:
        return Sight(
            f"{name} is there, but takes settings from {elsewhere} (valuesFrom), and its own values set no {variable}",
            f"write the database settings into spec.values of {file}: no other place is edited, and what cannot be "
            "seen there cannot be moved safely",
        )
    return Sight(
        f"{name} is there ({file}), but its values set no {variable}",
        "if its password comes another way (a patch, an envFrom), write it as envValueFrom in the values; if it has "
        "no database, there is nothing to move",
    )


def _values_from(found: Found) -> Iterator[str]:
    for entry in sequence(found.spec.get("valuesFrom")):
        yield f"{text_at(entry, 'kind') or 'an object'} {text_at(entry, 'name') or '(no name)'}"


def _unread(inventory: Inventory, files: Files, select: ReleaseSelect) -> Iterator[Sight]:
    """Files that are no YAML, and speak of what is sought."""
    words = [select.container, *(rule.chart for rule in select.releases)]
    pattern = re.compile(rb"(?<![\w-])(?:" + b"|".join(re.escape(word.encode()) for word in words) + rb")(?![\w-])")
    for failed in inventory.files.failed:
        try:
            speaks = pattern.search(files.read(failed.file))
        except OSError:
            continue
        if speaks:
            place = f"{failed.file}:{failed.line}" if failed.line else failed.file
            yield Sight(
                f"{place} speaks of {speaks[0].decode()}, but could not be read: {failed.message}",
                "mend that file, then plan again",
            )


def _releases(inventory: Inventory, sought: str) -> str:
    """The HelmReleases there are: those called like the one sought first, and no more than a person reads."""
    releases = {
        f"{w.namespace}/{w.name} ({w.chart or 'chart unknown'})" for w in inventory.workloads if w.kind == "HelmRelease"
    }
    ordered = sorted(releases, key=lambda name: (sought not in name, name))
    rest = f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    return ", ".join(ordered[:_SHOWN]) + rest if ordered else "no HelmRelease at all"
