"""Finds the workload a phase speaks of by rule: a known chart whose values take the secret from an ExternalSecret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from migrate.estate.inventory import Inventory, Workload
from migrate.model.errors import MigrateError, Refused
from migrate.model.json import Json, Pointer, mapping, text_at
from migrate.operations.agent import FOLDER, PREFIX
from migrate.operations.inject_release import password_mount
from migrate.operations.present_certificate import CERTIFICATE_PATH
from migrate.planning.cases import NothingToDo, Selection
from migrate.planning.files import Files, Found, one
from migrate.planning.login.absence import refusal
from migrate.planning.phases import LoginSelect, Phase, ReleaseSelect


@dataclass(frozen=True, slots=True)
class Copy:
    """It reads a Secret that something copies: this is what the phase moves."""

    secret: str
    key: str
    variable: str


@dataclass(frozen=True, slots=True)
class Moved:
    """It takes the file that the agent writes, and nothing else: a password, or a certificate."""


@dataclass(frozen=True, slots=True)
class Half:
    """Somebody began by hand. `seen` says what stands there already, `missing` what does not fit with it."""

    seen: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Other:
    """It has the secret in a way the phase does not know, or not at all."""

    why: str
    near: bool


Form: TypeAlias = Copy | Moved | Half | Other


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release of a known chart, and how it has its secret."""

    workload: Workload
    found: Found
    at: Pointer
    values: dict[str, Json]
    form: Form

    @property
    def name(self) -> str:
        """`namespace/name` of the release."""
        return f"{self.workload.namespace}/{self.workload.name}"


def choose(
    inventory: Inventory, files: Files, phase: Phase, select: ReleaseSelect, selection: Selection
) -> Candidate | NothingToDo:
    """The one release that the phase is about.

    Raises Failed where there is no trace of one, Refused where there are several, where one is half-migrated by hand,
    and where something is there that the phase cannot move.
    """
    found = [c for c in candidates(inventory, files, select) if selection.takes(c.name)]
    copies = [candidate for candidate in found if isinstance(candidate.form, Copy)]
    if len(copies) > 1:
        names = ", ".join(candidate.name for candidate in copies)
        raise Refused(
            f"{len(copies)} releases fit this phase: {names}",
            truth="a plan moves one workload",
            following=f"name one: migrate plan {phase.name} --workload {copies[0].name}",
        )
    for candidate in found:
        if isinstance(candidate.form, Half):
            raise _half(candidate, candidate.form)
    if copies:
        return copies[0]
    for candidate in found:
        if isinstance(candidate.form, Moved):
            return NothingToDo(f"{candidate.name} already reads its password from the agent")
    raise _none(inventory, files, found, phase, select, selection)


def candidates(inventory: Inventory, files: Files, select: ReleaseSelect) -> list[Candidate]:
    """Every wired release of a chart the phase knows."""
    rules = {rule.chart: rule.values for rule in select.releases}
    answer = []
    for workload in inventory.workloads:
        if workload.kind != "HelmRelease" or workload.chart not in rules or not workload.wired:
            continue
        found = one(files, workload.file, workload.document)
        if found is None:
            continue
        under = rules[workload.chart]
        at: Pointer = ("spec", "values", under) if under else ("spec", "values")
        values = mapping(found.spec.get("values"))
        values = mapping(values.get(under)) if under else values
        if values.get("enabled") is False:
            continue
        answer.append(Candidate(workload, found, at, values, form_of(values, select.variable)))
    return answer


def claims(inventory: Inventory, files: Files, phases: Iterable[Phase]) -> Iterator[tuple[str, str, str]]:
    """What phases of this kind would take, whoever plans: the release, its Secret (`namespace/name`), the phase."""
    for phase in phases:
        for one_ in candidates(inventory, files, phase.select) if isinstance(phase.select, LoginSelect) else ():
            if isinstance(one_.form, Copy):
                pods_in = text_at(one_.found.spec, "targetNamespace") or one_.workload.namespace
                yield one_.name, f"{pods_in}/{one_.form.secret}", phase.name


def form_of(values: dict[str, Json], variable: str) -> Form:
    """How these values hand the secret in `variable` to the container."""
    env, references = values.get("env"), mapping(values.get("envValueFrom"))
    if isinstance(env, list):
        return Other("env is a list, which this chart does not take", near=True)
    file = text_at(env, f"{variable}__FILE")
    agent = str(mapping(values.get("podAnnotations")).get(f"{PREFIX}agent-inject", "")).lower() in {"true", "1", "t"}
    reference = mapping(mapping(references.get(variable)).get("secretKeyRef"))
    by_agent = file is not None and file.startswith(FOLDER + "/")
    seen = {
        f"podAnnotations: {PREFIX}agent-inject": agent,
        f"env: {variable}__FILE under {FOLDER}": by_agent,
        f"envValueFrom: {variable}": variable in references,
        f"env: {variable}": variable in mapping(env),
    }
    if shows_certificate(values) and list(seen.values()) == [True, False, False, False]:
        return Moved()
    if (agent or by_agent) and list(seen.values()) != [True, True, False, False]:
        return _halfway(seen)
    if agent:
        return Moved()
    return _copy(values, env, reference, variable)


def shows_certificate(values: dict[str, Json]) -> bool:
    """Whether these values have the container log in with a certificate that the agent writes."""
    file = text_at(mapping(values.get("env")), CERTIFICATE_PATH)
    return file is not None and file.startswith(f"{FOLDER}/")


def _halfway(seen: dict[str, bool]) -> Half:
    (agent, by_agent, *old), names = seen.values(), list(seen)
    missing = [name for name, there in zip(names[:2], (agent, by_agent), strict=True) if not there]
    missing += [f"{name} still there" for name, there in zip(names[2:], old, strict=True) if there]
    return Half(tuple(name for name, there in seen.items() if there), tuple(missing))


def _copy(values: dict[str, Json], env: Json, reference: dict[str, Json], variable: str) -> Form:
    name, key = text_at(reference, "name"), text_at(reference, "key")
    if variable in mapping(env):
        return Other(f"env: {variable} stands in the values as text", near=True)
    if name and key:
        return Copy(name, key, variable)
    mount = password_mount(values)
    secret = text_at(mount, "secretName")
    if secret:
        file = text_at(env, f"{variable}__FILE") or ""
        return Copy(secret, file.rpartition("/")[2], f"{variable}__FILE")
    for other in ("envFromSecret", "envFromSecrets"):
        if values.get(other):
            return Other(f"{variable} may come through {other}, which hands over a whole Secret", near=True)
    return Other(f"no {variable} among its settings", near=False)


def _half(candidate: Candidate, form: Half) -> Refused:
    where = f"HelmRelease {candidate.name} ({candidate.found.file})"
    return Refused(
        f"{where} is half-migrated: {'; '.join(form.missing)}",
        truth=f"it has {'; '.join(form.seen)}",
        undone="no plan was made: it would have to guess what was meant",
        following="finish or take back the change in Git by hand, then plan again",
    )


def _none(
    inventory: Inventory,
    files: Files,
    found: list[Candidate],
    phase: Phase,
    select: ReleaseSelect,
    selection: Selection,
) -> MigrateError:
    for candidate in found:
        if isinstance(candidate.form, Other) and candidate.form.near:
            return Refused(
                f"HelmRelease {candidate.name} is there, but {candidate.form.why}",
                truth=f"{phase.name} moves a password that an ExternalSecret copies into one key of a Secret",
                undone="no plan was made",
                following=f"bring it into that form ({candidate.found.file}), then plan again",
            )
    return refusal(inventory, files, phase, select, selection)
