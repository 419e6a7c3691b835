"""Which workloads can move, in which order, and why others cannot: one answer for each that reads a movable Secret."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from migrate.estate.inventory import Inventory, Reader, Secret, Workload
from migrate.estate.profiles import Profiles
from migrate.estate.settle import substituted
from migrate.estate.substitute import Variables
from migrate.model.json import Json, mapping, reach, texts
from migrate.model.target import Target
from migrate.operations.overlaying import Written
from migrate.operations.secrets import Manifest, Plain
from migrate.operations.subject import Place
from migrate.planning.built import Built, built
from migrate.planning.copies import flux_of
from migrate.planning.effects import named
from migrate.planning.files import Files
from migrate.planning.files import one as document_of
from migrate.planning.phases import SecretsSelect
from migrate.planning.secrets.homes import Standing, standing
from migrate.planning.secrets.pods import Brought, brought
from migrate.planning.secrets.releases import TEMPLATES, Charts, Made, insist_on_arguments, insist_on_one_value, reading
from migrate.planning.secrets.replaced import Copy
from migrate.planning.secrets.sources import UnfitError
from migrate.planning.standstill import Standstill

_FORCE = "kustomize.toolkit.fluxcd.io/force"


@dataclass(frozen=True, slots=True)
class Fit:
    """It can move: how, and with which ExternalSecrets."""

    manifest: Manifest
    brought: Brought
    secrets: tuple[Secret, ...]
    standing: Standing


@dataclass(frozen=True, slots=True)
class Unfit:
    """It cannot, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A workload that reads Secrets which the phase moves."""

    workload: Workload
    wave: int
    behind: int
    """How many Kustomizations and releases stand still while what applies it is not Ready."""
    secrets: tuple[Secret, ...]
    form: Fit | Unfit

    @property
    def name(self) -> str:
        """`namespace/name`."""
        return f"{self.workload.namespace}/{self.workload.name}"


def candidates(inventory: Inventory, files: Files, select: SecretsSelect, charts: Charts) -> list[Candidate]:
    """Every wired workload that reads one, in the order in which they move: by wave, then by what hangs on them."""
    moving = _moving(inventory, select)
    read = _read(moving, inventory)
    tree = built(files)
    waves = _Waves(tree, charts.profiles)
    read |= dict(_patched(files, charts, read))
    answer = [
        Candidate(one, *waves.of(one), secrets, _form(one, secrets, inventory, files, charts, tree))
        for one, secrets in read.items()
        if secrets
    ]
    return sorted(answer, key=lambda candidate: (candidate.wave, candidate.behind, candidate.name))


def _moving(inventory: Inventory, select: SecretsSelect) -> list[Secret]:
    return [one for one in inventory.secrets if one.wired and one.verdict in select.verdicts]


def _read(secrets: list[Secret], inventory: Inventory) -> dict[Workload, tuple[Secret, ...]]:
    """The moving Secrets by the workload that reads them.

    Where clusters have one of the same name each, a Secret is read by the one whose file says so.
    """
    by_name = defaultdict[tuple[str, str, str], list[Workload]](list)
    for one in inventory.workloads:
        if one.wired:
            by_name[one.kind, one.namespace, one.name].append(one)
    found = defaultdict[Workload, dict[tuple[str, str], Secret]](dict)
    for secret in secrets:
        for reader in (one for one in secret.readers if one.wired and one.how != "text"):
            called = by_name[reader.kind, reader.namespace, reader.name]
            there = [one for one in called if (one.file, one.document) == (reader.file, reader.document)]
            for one in there or called or [_made_elsewhere(reader)]:
                found[one][secret.id, secret.file] = secret
    return {one: tuple(some.values()) for one, some in found.items()}


def _made_elsewhere(reader: Reader) -> Workload:
    """What reads a Secret and is no workload of the tree: a chart that kustomize renders, a resource with a pod."""
    place = reader.kind, reader.namespace, reader.name, reader.file, reader.document
    return Workload(*place, service_account=None, secrets=(), wired=True)


def _patched(
    files: Files, charts: Charts, read: Mapping[Workload, tuple[Secret, ...]]
) -> Iterator[tuple[Workload, tuple[Secret, ...]]]:
    """What is left of a release's Secrets where a post-renderer of ours changes its pod: its values still name them."""
    for one, secrets in read.items():
        found = document_of(files, one.file, one.document) if one.kind == "HelmRelease" else None
        left = charts.left(one, found.value) if found else None
        if left is not None:
            yield one, tuple(secret for secret in secrets if secret.target in left)


def _form(
    workload: Workload,
    secrets: tuple[Secret, ...],
    inventory: Inventory,
    files: Files,
    charts: Charts,
    tree: Built,
) -> Fit | Unfit:
    try:
        manifest, stands = _manifest(workload, secrets, inventory, files, charts, tree)
        copies = tuple(_copy(secret, inventory, files, tree) for secret in secrets)
        insist_on_one_value(manifest, copies)
        found = brought(manifest, copies, charts.profiles)
        _insist_on_spelling(manifest, found)
        insist_on_arguments(manifest, found.change)
        return Fit(manifest, found, secrets, stands)
    except UnfitError as error:
        return Unfit(str(error))


def _manifest(
    workload: Workload,
    secrets: tuple[Secret, ...],
    inventory: Inventory,
    files: Files,
    charts: Charts,
    tree: Built,
) -> tuple[Manifest, Standing]:
    release = workload.kind == "HelmRelease"
    if workload.kind not in TEMPLATES and not release:
        raise UnfitError(_maker(workload))
    found = document_of(files, workload.file, workload.document)
    if found is None:
        raise UnfitError(f"{workload.file} cannot be read any more")
    stands = standing(workload, found.value, charts.part(workload), tree)
    if stands.variables.apply(found.name) != workload.name and isinstance(stands.home, Written):
        raise UnfitError(f"kustomize calls it {workload.name}, and {workload.file} calls it {found.name}")
    for secret in secrets:
        for reader in secret.readers:
            ours = (reader.kind, reader.namespace, reader.name) == (workload.kind, workload.namespace, workload.name)
            if (
                ours
                and reader.wired
                and reader.how != "text"
                and (reader.file, reader.document) != (workload.file, workload.document)
            ):
                way = "in values that stand" if release else "by a patch"
                raise UnfitError(f"it reads {secret.target} {way} in {reader.file}")
    if workload.kind == "Job" and str(_notes(stands.document).get(_FORCE, "")).lower() not in {"enabled", "true"}:
        raise UnfitError(f"a Job's pod cannot change: annotate it {_FORCE}: enabled, and it is made anew")
    place = Place(workload.file, workload.document)
    seen = _named(stands.document, workload, secrets, stands.variables)
    names = workload.kind, workload.namespace, workload.name
    made = reading(workload, seen, secrets, charts, stands.variables) if release else _plain(workload, seen)
    at, account = TEMPLATES[made.workload.kind], (made.account, made.account_made)
    document, home, flux = stands.document, stands.home, (_flux(workload, stands, inventory), stands.variables)
    return Manifest(place, *names, document, made.read, at, home, made.workload, made.form, *account, *flux), stands


def _flux(workload: Workload, stands: Standing, inventory: Inventory) -> str:
    """Who has to have applied a commit: a patch in a Flux Kustomization comes by way of what applies that."""
    own = flux_of(workload.wired_by, inventory)
    return ",".join(filter(None, (stands.above, own)))


def _maker(workload: Workload) -> str:
    if workload.kind == "HelmChart":
        return (
            "kustomize renders its chart (helmCharts), and this tool edits no values of such a chart: keep what helm "
            "template makes of it as a file that the kustomization lists in its place, or have a HelmRelease make it"
        )
    return f"its pod is made by a {workload.kind}, not written out in Git"


def _plain(workload: Workload, seen: Json) -> Made:
    """The workload that makes itself."""
    target = Target("cluster", workload.kind, f"{workload.namespace}/{workload.name}")
    return Made(target, seen, Plain(), workload.service_account or "default", account_made=False)


def _named(document: Json, workload: Workload, secrets: tuple[Secret, ...], variables: Variables) -> Json:
    """The document with the Secrets' names as they are in the cluster, at the places where the scan found them.

    With a name its key is filled in. The rest stays as written: what an edit repeats of it, Flux fills in once more.
    """
    for secret in secrets:
        for reader in secret.readers:
            mine = (reader.kind, reader.namespace, reader.name) == (workload.kind, workload.namespace, workload.name)
            if mine and reader.wired and reader.how != "text":
                *above, last = reader.pointer.split("/")[1:]
                document = _with(document, above, partial(_reference, last, secret.target, variables))
    return document


def _reference(last: str, name: str, variables: Variables, held: Json) -> Json:
    """What names a Secret, with its name as in the cluster and the key beside it too."""
    key = mapping(held).get("key")
    filled = {**mapping(held), "key": variables.apply(key)} if isinstance(key, str) else held
    return _with(filled, [last], lambda _: name)


def _with(node: Json, tokens: list[str], change: Callable[[Json], Json]) -> Json:
    """The value with what stands at a place of it changed; the same where there is no such place."""
    if not tokens:
        return change(node)
    key = tokens[0].replace("~1", "/").replace("~0", "~")
    if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
        return [*node[: int(key)], _with(node[int(key)], tokens[1:], change), *node[int(key) + 1 :]]
    if isinstance(node, dict) and key in node:
        return {**node, key: _with(node[key], tokens[1:], change)}
    return node


def _notes(document: Json) -> dict[str, Json]:
    return mapping(reach(document, "metadata", "annotations"))


def _copy(secret: Secret, inventory: Inventory, files: Files, tree: Built) -> Copy:
    found, store = document_of(files, secret.file, secret.document), inventory.store_of(secret)
    if found is None or store is None:
        raise UnfitError(f"{secret.target}: nothing declares its store {secret.store.name}")
    if secret.generated:
        raise UnfitError(f"{secret.target} holds values that ESO makes itself")
    return Copy(secret.target, _filled(found.value, secret, tree), store)


def _filled(document: Json, secret: Secret, tree: Built) -> Json:
    """The ExternalSecret as it is in the cluster: Flux may fill something in, or read `$` as more than it is."""
    filled = list[Json]()
    for one in tree.by_place.get((secret.file, secret.document), ()):
        if (one.facts.namespace or "default", one.facts.name) == (secret.namespace, secret.name):
            built = tree.document(one)
            if not all(map(one.variables.knows, texts(reach(built, "spec")))):
                raise UnfitError(f"{secret.target} is filled in by Flux with what Git does not say")
            filled.append(substituted(built, one.variables))
    if any(one != filled[0] for one in filled):
        raise UnfitError(f"{secret.target} is filled in by Flux in several ways")
    return filled[0] if filled else document


def _insist_on_spelling(manifest: Manifest, found: Brought) -> None:
    """Return if what is written is what the agent will read, whatever Flux replaces in it. Raises UnfitError."""
    told = [one.template for one in found.files]
    if not manifest.variables.certain and any(manifest.variables.spell(one) != one for one in told):
        raise UnfitError(
            "its template has $ where Flux may read a variable, and only the cluster knows whether it replaces any: "
            f"annotate {manifest.name} kustomize.toolkit.fluxcd.io/substitute: disabled, or give its Kustomization one "
            "variable of its own (postBuild.substitute)"
        )


# --- waves ---------------------------------------------------------------------------------------------------------


class _Waves:
    """How much hangs on a workload: 1 nothing, 2 others wait for what applies it, 3 people log in through it."""

    def __init__(self, tree: Built, profiles: Profiles) -> None:
        self._profiles = profiles
        self._standstill = Standstill(tree)

    def of(self, workload: Workload) -> tuple[int, int]:
        """The wave of a workload, and how many stand still while what applies it is not Ready.

        Who depends on another has fewer behind it, so that in order of these two it moves first: what goes wrong with
        it stops nobody yet.
        """
        name = named(workload.kind, workload.namespace, workload.name)
        behind = len(self._standstill.without(name, workload.wired_by).behind)
        if any(self._profiles.image(one.image).login for one in workload.containers):
            return 3, behind
        return (2 if behind else 1), behind
