"""Which pod of a Helm release reads the Secrets that move, and by which of two ways that pod can be changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from migrate.documents.reader import YamlFault, load_once
from migrate.estate.helm import post_rendered, resolve
from migrate.estate.inventory import Secret, Workload
from migrate.estate.pods import pods
from migrate.estate.profiles import Profiles
from migrate.estate.settle import arriving
from migrate.estate.substitute import AS_WRITTEN, Variables
from migrate.model.json import Json, Pointer, at_pointer, items, mapping, pointer_text, text, text_at
from migrate.model.target import Target
from migrate.operations.agent import PREFIX
from migrate.operations.secrets import POST_RENDERERS, VALUES, Form, Manifest, PodChange, Rendered, Valued
from migrate.planning.files import Files
from migrate.planning.secrets.container import variables, whole_secrets
from migrate.planning.secrets.replaced import Copy
from migrate.planning.secrets.sources import UnfitError, keys_of
from migrate.planning.secrets.spelling import Release, Spelled, spelled

TEMPLATES: Mapping[str, Pointer] = {
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
}
"""Where each kind that makes pods has their spec."""


@dataclass(frozen=True, slots=True)
class Made:
    """A workload that a document makes: of a release, or itself. `read`: its manifest, as far as it is known.

    `account` is its ServiceAccount, empty where nobody can tell; `account_made`: a chart makes that one too.
    """

    workload: Target
    read: Json
    form: Form
    account: str
    account_made: bool


@dataclass(frozen=True, slots=True)
class Charts:
    """What is known of the workloads that releases make: by their charts, and by files that settings name."""

    profiles: Profiles
    files: Files
    rendered: Mapping[str, str]

    def of(self, workload: Workload, document: Json, variables: Variables = AS_WRITTEN) -> tuple[Made, ...]:
        """Every workload that this document of a HelmRelease is known to make; none where nothing is known.

        Each is called as in the cluster, with `variables` filled in; what is read of its values is as they are written.

        Raises UnfitError where something is in the way of reading it.
        """
        written = self._of(workload, document)
        if not variables.active:
            return written
        arrived = self._of(workload, arriving(document, variables))
        if len(arrived) != len(written):
            raise UnfitError("what Flux fills in decides which workloads its chart makes")
        return tuple(_called(*pair) for pair in zip(written, arrived, strict=True))

    def _of(self, workload: Workload, document: Json) -> tuple[Made, ...]:
        spec = mapping(mapping(document).get("spec"))
        release = _release(workload, spec)
        if file := self.rendered.get(f"{workload.namespace}/{workload.name}"):
            return tuple(_rendered(self._read(file), spec, release))
        known = [pod for pod in self.profiles.chart(workload.chart).pods if pod.detail.get("named")]
        if known and (source := next(iter(items(spec.get("valuesFrom"))), None)):
            raise UnfitError(
                f"part of its values stand in {text(source.get('kind'))} {text(source.get('name'))} (valuesFrom), "
                "where this tool changes nothing"
            )
        return tuple(
            _valued(one, release)
            for pod in known
            for one in spelled(_resolved(document, release), pod, release)
            if one.kind in TEMPLATES
        )

    def part(self, workload: Workload) -> Pointer:
        """Where in a workload's document everything lies that its move would change."""
        if workload.kind != "HelmRelease":
            return TEMPLATES[workload.kind][:-1]
        return POST_RENDERERS if f"{workload.namespace}/{workload.name}" in self.rendered else VALUES

    def after(self, workload: Workload, manifest: Manifest, document: Json) -> Json:
        """What the workload of this manifest becomes when its file says this."""
        if not manifest.release:
            return document
        made = self.of(workload, document)
        return next((one.read for one in made if one.workload == manifest.workload), None)

    def left(self, workload: Workload, document: Json) -> frozenset[str] | None:
        """The Secrets that its pods still read behind a post-renderer of ours; None where it has none of those."""
        if f"{workload.namespace}/{workload.name}" not in self.rendered:
            return None
        try:
            made = self.of(workload, document)
        except UnfitError:
            return None
        moved = any(injected(at_pointer(one.read, TEMPLATES[one.workload.kind][:-1])) for one in made)
        return frozenset(name for one in made for name in reads(one.read)) if moved else None

    def _read(self, file: str) -> list[Json]:
        try:
            return [found.value for found in load_once(self.files.read(file))]
        except (OSError, KeyError, YamlFault) as error:
            raise UnfitError(f"{file}, which rendered in migrate.yaml names, cannot be read") from error


def _release(workload: Workload, spec: dict[str, Json]) -> Release:
    target = text(spec.get("targetNamespace"))
    default = f"{target}-{workload.name}" if target else workload.name
    return Release(text(spec.get("releaseName")) or default, target or workload.namespace, workload.chart_version)


def _resolved(node: Json, release: Release) -> Json:
    """The document with the release's own name filled in where values ask for it, as charts do."""
    match node:
        case str():
            return resolve(node, release.name, release.namespace)
        case dict():
            return {key: _resolved(one, release) for key, one in node.items()}
        case list():
            return [_resolved(one, release) for one in node]
    return node


def _valued(one: Spelled, release: Release) -> Made:
    target = Target("cluster", one.kind, f"{release.namespace}/{one.name}")
    return Made(target, one.workload, Valued(one.words), one.account, one.account_made)


def _rendered(documents: list[Json], spec: dict[str, Json], release: Release) -> Iterator[Made]:
    """The workloads among what a chart renders, with the post-renderers that change them."""
    for document in documents:
        kind, name = text_at(document, "kind") or "", text_at(document, "metadata", "name") or ""
        if kind not in TEMPLATES or not name:
            continue
        read = post_rendered(spec, document)
        own = mapping(at_pointer(read, TEMPLATES[kind]))
        account = text(own.get("serviceAccountName")) or text(own.get("serviceAccount")) or "default"
        yield Made(
            Target("cluster", kind, f"{release.namespace}/{name}"), read, Rendered(), account, account_made=False
        )


def injected(template: Json) -> bool:
    """Whether a pod's template speaks to the injector already."""
    notes = mapping(mapping(mapping(template).get("metadata")).get("annotations"))
    return any(str(name).startswith(f"{PREFIX}agent-inject") for name in notes)


def reads(read: Json) -> frozenset[str]:
    """The Secrets that the pod of a workload names."""
    return frozenset(use.secret for pod in pods(read) for use in pod.uses if use.how != "imagePullSecrets")


def _called(written: Made, arrived: Made) -> Made:
    """What is rendered is past Flux's variables; values are before."""
    if isinstance(arrived.form, Rendered):
        return arrived
    return replace(written, workload=arrived.workload, account=arrived.account, account_made=arrived.account_made)


def reading(
    workload: Workload, seen: Json, secrets: tuple[Secret, ...], charts: Charts, variables: Variables = AS_WRITTEN
) -> Made:
    """The one workload of the release that reads these Secrets; `seen`: the document, naming them as the cluster does.

    Raises UnfitError where no way to change it is known, or where several read them.
    """
    made = charts.of(workload, seen, variables)
    names = {secret.target for secret in secrets}
    ours = [one for one in made if reads(one.read) & names]
    if len(ours) > 1:
        raise UnfitError(f"{len(ours)} of its workloads read it: {', '.join(sorted(o.workload.short for o in ours))}")
    if not ours or not names <= reads(ours[0].read):
        raise UnfitError(_unknown(workload, secrets, made))
    one = ours[0]
    if isinstance(one.form, Valued):
        _insist_on_known_places(workload, secrets, one.form)
    if not one.account:
        raise UnfitError("which ServiceAccount its pod runs under cannot be told from its values")
    return one


def _insist_on_known_places(workload: Workload, secrets: tuple[Secret, ...], form: Valued) -> None:
    """Return if every place that names one of these is a setting of the pod. Raises UnfitError."""
    known = tuple(f"{pointer_text(at)}/" for at in form.words.places)
    for secret in secrets:
        for reader in secret.readers:
            ours = (reader.kind, reader.namespace, reader.name) == (workload.kind, workload.namespace, workload.name)
            if ours and reader.wired and reader.how != "text" and not reader.pointer.startswith(known):
                raise UnfitError(
                    f"its values name {secret.target} at {reader.pointer} too, which is no setting of its pod that is "
                    f"known of chart {workload.chart}: {declare(workload)}"
                )


def insist_on_arguments(manifest: Manifest, change: PodChange) -> None:
    """Return if new arguments have a place in the values. Raises UnfitError."""
    if not isinstance(manifest.form, Valued):
        return
    for one in change.containers:
        if one.add_arguments and not manifest.form.words.containers[one.name].args:
            raise UnfitError(f"{one.name} would need another argument, and its chart takes none that is known")


def insist_on_one_value(manifest: Manifest, copies: tuple[Copy, ...]) -> None:
    """Return if the chart sets none of the variables by itself that come from these Secrets. Raises UnfitError."""
    if not isinstance(manifest.form, Valued):
        return
    for held in (one for group in ("initContainers", "containers") for one in items(manifest.pod.get(group))):
        words = manifest.form.words.containers[text(held.get("name"))]
        given = {name for copy in copies for name in _given(held, copy)}
        if both := [name for name in words.own if name in given]:
            raise UnfitError(
                f"its chart sets {', '.join(both)} from a Secret of its own beside what the agent would give: "
                f"set {words.silenced}: false in its values first, and give it the rest of {', '.join(words.own)} there"
            )


def _given(held: dict[str, Json], copy: Copy) -> Iterator[str]:
    """The variables that a container has from a Secret."""
    yield from (name for name, _ in variables(held, copy.secret))
    for _, prefix in whole_secrets(held, copy.secret):
        yield from (f"{prefix}{key}" for key in keys_of(copy.document))


def _unknown(workload: Workload, secrets: tuple[Secret, ...], made: tuple[Made, ...]) -> str:
    names = ", ".join(secret.target for secret in secrets)
    what = f"what chart {workload.chart or '(unknown)'} makes of its values is not known"
    if any(isinstance(one.form, Rendered) for one in made):
        what = f"no pod in the file that migrate.yaml names for it (rendered) reads {names}"
    elif made:
        what = f"where its values name {names} is no setting of a pod that is known of chart {workload.chart}"
    return f"{what}: {declare(workload)}"


def declare(workload: Workload) -> str:
    """What a person can do where values cannot say it."""
    name = f"{workload.namespace}/{workload.name}"
    return f"keep what it renders in a file and name that in migrate.yaml (rendered: {{{name}: FILE}})"
