"""The names that checks of a workload's move ask for, once for each Secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import jsonpatch

from migrate.documents.patches import patch
from migrate.estate.profiles import Profiles
from migrate.estate.settle import arriving
from migrate.model.json import Json, at_pointer, canonical, items, mapping, sequence, text
from migrate.model.plan import Step
from migrate.operations.agent import PREFIX, TOKEN_VOLUME
from migrate.operations.overlaying import Instanced, Overlaid, Written
from migrate.operations.secrets import SecretsSubject
from migrate.planning.compose import Composition
from migrate.planning.secrets.container import variables, whole_secrets
from migrate.planning.touched import touched


def names_of(
    subject: SecretsSubject, template: dict[str, Json], edits: str, profiles: Profiles, break_glass: str, pins: str
) -> tuple[dict[str, str], ...]:
    """Every name that a check may ask for; empty where there is none, or it is unknown.

    `template`: the pod's, then; `edits`: those of its Helm release; `pins`: the versions of what it reads from KV.
    """
    wrapped = [one for one in subject.change.containers if one.exports]
    images = {text(one.get("name")): text(one.get("image")) for one in _containers(subject.manifest.pod)}
    shells = all(profiles.image(images.get(one.name, "")).shell is True for one in wrapped)
    own = {
        "account": subject.account.wanted,
        "account_comes": "with the cutover" if subject.account.changes else "",
        "audience": subject.vault.audience or "",
        "auth_mount": subject.vault.auth_mount,
        "break_glass": break_glass,
        "copies": canonical({path: f"{subject.pods_in}/{key}" for path, key in subject.replaced.items()}).decode(),
        "database": "",
        "deployment": workload_name(subject),
        "jwt_role": subject.jwt_role.short,
        "login": "yes" if any(profiles.image(image).login for image in images.values()) else "",
        "namespace": subject.pods_in,
        "old_login": "",
        "path": "\n".join(subject.paths),
        "pins": pins,
        "pod": pod_changes(subject, template),
        "policy": subject.policy.short,
        "release": subject.manifest.release,
        "touches": edits,
        "shell": "what is documented or declared for its image" if wrapped and shells else "",
        "wrapped": ", ".join(f"{subject.unit}/{subject.manifest.variables.apply(one.name)}" for one in wrapped),
    }
    return tuple(
        own
        | {
            "external_secret": f"{copied.namespace}/{copied.name}",
            "retired": "yes" if copied.retire else "",
            "secret": f"{copied.namespace}/{copied.target_secret}",
            "secret_key": ",".join(keys_read(subject.manifest.pod, copied.target_secret)),
        }
        for copied in subject.copies
    )


def workload_name(subject: SecretsSubject) -> str:
    """As checks take it: a Deployment by its name, others with their kind before it."""
    workload = subject.manifest.workload
    return workload.name if workload.kind == "Deployment" else f"{workload.kind}/{workload.name}"


def keys_read(pod: dict[str, Json], secret: str) -> list[str]:
    """The keys of the Secret that the pod names one by one; none where it takes the whole."""
    found = list[str]()
    for held in _containers(pod):
        found += [key for _, key in variables(held, secret)]
        if [*whole_secrets(held, secret)]:
            return []
    for volume in items(pod.get("volumes")):
        own = mapping(volume.get("secret"))
        if own.get("secretName") == secret:
            if not (chosen := items(own.get("items"))):
                return []
            found += [text(one.get("key")) for one in chosen]
    return sorted(set(found))


def _containers(pod: dict[str, Json]) -> Iterator[dict[str, Json]]:
    for group in ("initContainers", "containers"):
        yield from items(pod.get(group))


def document_after(subject: SecretsSubject, composition: Composition) -> Json:
    """The workload's document as the cutover leaves it."""
    step = cutover(subject, composition)
    assert step is not None
    versions, left = composition.versions, {edit.file: str(edit.after) for edit in step.change.files}
    match subject.manifest.home:
        case Written(place):
            return versions.value(left[place.file], place.document)
        case Overlaid() as home:
            return _patched(subject, versions.documents(left[home.file])[0].value)
        case Instanced() as home:
            return _patched(subject, home.patch(versions.value(left[home.place.file], home.place.document)))


def _patched(subject: SecretsSubject, operations: Json) -> Json:
    patched: Json = jsonpatch.apply_patch(subject.manifest.document, [mapping(one) for one in sequence(operations)])
    return patched


def release_edits(subject: SecretsSubject, composition: Composition) -> str:
    """What the cutover edits in the document of the workload's Helm release; empty where it has none, or no cutover."""
    if not (subject.manifest.release and cutover(subject, composition)):
        return ""
    # The cluster has it with the variables filled in.
    before, after = (
        arriving(one, subject.manifest.variables)
        for one in (subject.manifest.document, document_after(subject, composition))
    )
    return touched(patch(before, after)[0])


def cutover(subject: SecretsSubject, composition: Composition) -> Step | None:
    """The step that changes the workload's pod; None where the plan leaves that as it is."""
    own = composition.of_unit.get(subject.unit, ())
    return next((one for one in own if one.operation == "inject-pod"), None)


def template_after(subject: SecretsSubject, composition: Composition, after: Callable[[Json], Json]) -> dict[str, Json]:
    """The pod template as the cutover leaves it; of a plan without the cutover, the one there is.

    `after` makes the workload of the document that the cutover edits.
    """
    if not cutover(subject, composition):
        return subject.manifest.template
    return mapping(at_pointer(after(document_after(subject, composition)), subject.manifest.at[:-1]))


def pod_changes(subject: SecretsSubject, template: dict[str, Json]) -> str:
    """What to lay over the pod that runs today to get the one after the cutover, as canonical JSON. Names only."""
    notes = mapping(mapping(template.get("metadata")).get("annotations"))
    first, fill = next(iter(subject.change.containers), None), subject.manifest.variables.apply
    changes: dict[str, Json] = {
        "container": fill(first.name) if first else "",
        # One that comes with the commit is not there yet, and the API server would refuse a pod that names it.
        "account": subject.account.name if subject.account.changes else subject.account.wanted,
        "annotations": {name: value for name, value in notes.items() if str(name).startswith(PREFIX)},
        "set": list[Json](sorted(fill(name) for name, _ in first.set)) if first else [],
        "unset": list[Json](sorted(map(fill, first.unset))) if first else [],
        "volumes": [
            one
            for one in items(mapping(template.get("spec")).get("volumes"))
            if one.get("name") in {TOKEN_VOLUME, *map(fill, subject.change.keep_volumes)}
        ],
        "unmount": list[Json](map(fill, subject.change.drop_volumes)),
        "shareProcessNamespace": None,
    }
    return canonical(changes).decode()
