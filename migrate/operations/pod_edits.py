"""What a workload's own manifest says afterwards: its containers, its volumes, its annotations."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from migrate.documents.edits import (
    AddKey,
    AppendItem,
    Edit,
    InsertItem,
    RemoveItem,
    RemoveKey,
    SetScalar,
    change_all,
    find,
)
from migrate.estate.substitute import Variables
from migrate.model.json import Json, Pointer, mapping, sequence
from migrate.operations.agent import FOLDER, KEPT, PREFIX, login_annotations, running_annotations, token_volume
from migrate.operations.merging import merge
from migrate.operations.secrets import AgentFile, ContainerChange, SecretsSubject
from migrate.operations.wish import Arguments


def pod_edits(subject: SecretsSubject, document: Json, arguments: Arguments) -> Iterator[Edit]:
    """The edits of this manifest, in order. Raises CannotEdit where they cannot be exact."""
    manifest = subject.manifest
    for container in subject.change.containers:
        yield from _container(document, container)
    yield from _volumes(subject, document)
    spec = _named(subject) if subject.account.changes else {}
    if "serviceAccount" in manifest.pod and subject.account.changes:
        yield RemoveKey((*manifest.at, "serviceAccount"))
    spec["volumes"] = [token_volume(subject.vault)]
    yield from merge(_without(document, subject), manifest.at, spec)
    template = manifest.at[:-1]
    notes: dict[str, Json] = {**pod_annotations(subject, arguments)}
    yield from merge(document, template, {"metadata": {"annotations": notes}})


def _named(subject: SecretsSubject) -> dict[str, Json]:
    """The ServiceAccount as the pod names it: by its old field too, where the manifest named none.

    The API server copies a name into `serviceAccount`, which nobody who applies the manifest owns then; once the name
    goes from Git again it is copied back from there, and the pods want an account that has gone with it.
    """
    pod, wanted = subject.manifest.pod, subject.account.wanted
    alone = "serviceAccountName" in pod or "serviceAccount" in pod
    return {"serviceAccountName": wanted, **({} if alone else {"serviceAccount": wanted})}


def _without(document: Json, subject: SecretsSubject) -> Json:
    """The document as merging must see it: volumes that went as a whole are no list to add to."""
    gone = _gone_whole(subject)
    return change_all(document, [RemoveKey((*subject.manifest.at, "volumes"))]) if gone else document


def _gone_whole(subject: SecretsSubject) -> bool:
    volumes = sequence(subject.manifest.pod.get("volumes"))
    return bool(volumes) and len(volumes) == len(subject.change.drop_volumes)


def _volumes(subject: SecretsSubject, document: Json) -> Iterator[Edit]:
    at: Pointer = (*subject.manifest.at, "volumes")
    yield from in_memory(at, find(document, at) if subject.change.keep_volumes else [], subject.change.keep_volumes)
    if _gone_whole(subject):
        yield RemoveKey(at)
        return
    yield from (RemoveItem(at, {"name": name}) for name in subject.change.drop_volumes)


def in_memory(at: Pointer, held: Json, names: Sequence[str]) -> Iterator[Edit]:
    """Volumes of a list that hold memory instead of a Secret."""
    for number, volume in enumerate(sequence(held)):
        if mapping(volume).get("name") in names:
            yield AddKey((*at, number), "emptyDir", {"medium": "Memory"})
            yield from (RemoveKey((*at, number, key)) for key in ("secret", "projected") if key in mapping(volume))


def _container(document: Json, one: ContainerChange) -> Iterator[Edit]:
    held = mapping(find(document, one.at))
    for place, new in one.texts:
        yield SetScalar((*one.at, *place), new)
    yield from in_list((*one.at, "args"), held.get("args"), list(one.drop_arguments), list(one.add_arguments))
    yield from variables((*one.at, "env"), held.get("env"), one)
    yield from whole_secrets((*one.at, "envFrom"), held.get("envFrom"), one)
    yield from mounts((*one.at, "volumeMounts"), held.get("volumeMounts"), one)
    yield from wrapped((*one.at, "command"), held.get("command"), one)


def in_list(at: Pointer, held: Json, gone: list[Json], new: list[Json]) -> Iterator[Edit]:
    """New items at the end, gone ones away; a list that would be left empty goes as a whole."""
    yield from (AppendItem(at, one) for one in new)
    if gone and len(gone) == len(sequence(held)) and not new:
        yield RemoveKey(at)
        return
    yield from (RemoveItem(at, one) for one in gone)


def variables(at: Pointer, held: Json, one: ContainerChange) -> Iterator[Edit]:
    """Variables in a list of `{name, value}`."""
    listed = [mapping(item) for item in sequence(held)]
    there = {str(variable.get("name")): number for number, variable in enumerate(listed)}
    new = list[Json]()
    for name, value in one.set:
        if name in there and "value" in listed[there[name]]:
            yield SetScalar((*at, there[name], "value"), value)
        elif name in there:
            # A reference gives way to a text in its place: what comes after may expand it.
            yield RemoveKey((*at, there[name], "valueFrom"))
            yield AddKey((*at, there[name]), "value", value)
        else:
            new.append({"name": name, "value": value})
    gone = list[Json]({"name": name} for name in one.unset if name in there)
    yield from in_list(at, held, gone, new)


def whole_secrets(at: Pointer, held: Json, one: ContainerChange) -> Iterator[Edit]:
    """Secrets that no longer become variables as a whole."""
    yield from in_list(at, held, [sequence(held)[number] for number in one.unset_from], [])


def mounts(at: Pointer, held: Json, one: ContainerChange) -> Iterator[Edit]:
    """Volumes that are no longer mounted."""
    yield from in_list(at, held, [mount for mount in sequence(held) if mapping(mount).get("name") in one.unmount], [])


def wrapped(at: Pointer, held: Json, one: ContainerChange) -> Iterator[Edit]:
    """The command behind a shell that reads the files, and ends where it cannot: an empty password is no password.

    The x keeps the shell from taking a value's last line breaks off. Back-ticks, because `$(...)` is Kubernetes' own
    expansion, and `eval`, because Flux puts a variable of its own, or nothing, wherever `$` and `{` stand together.
    """
    if not one.exports:
        return
    reading = "".join(
        f"{name}=`cat {path} && printf x`; eval {name}='\"$''{{{name}%?}}\"'; export {name}; "
        for name, path in one.exports
    )
    words = ["/bin/sh", "-ec", f'{reading}exec "$@"', "sh"]
    command = sequence(held)
    first = command[0]
    if first not in words and command.count(first) == 1:
        # In front of what is there, so that its own lines and comments stay.
        yield from (InsertItem(at, first, word) for word in words)
        return
    yield RemoveKey(at)
    yield AddKey(at[:-1], str(at[-1]), [*words, *command])


def pod_annotations(subject: SecretsSubject, arguments: Arguments) -> dict[str, str]:
    """The pod's annotations."""
    change, readers = subject.change, [one.name for one in subject.change.containers if "initContainers" not in one.at]
    ours = {
        "agent-inject": "true",
        **({"agent-inject-containers": ",".join(readers)} if readers else {}),
        "role": subject.jwt_role.short,
        **login_annotations(subject.vault),
        **running_annotations(arguments, kept=change.keep_volumes),
    }
    for one in subject.files:
        ours |= _file(one, subject.manifest.variables)
    if subject.owner is not None:
        # One uid for agent and application: then the files need not be readable for anybody else.
        ours |= {"agent-run-as-user": str(subject.owner[0]), "agent-run-as-group": str(subject.owner[1])}
    if change.init_reads:
        # Else the agent's init container comes last, and the one that reads would wait for it for ever.
        ours["agent-init-first"] = "true"
    if change.ends:
        # An agent beside it would keep the pod running for ever.
        ours["agent-pre-populate-only"] = "true"
    return {PREFIX + name: value for name, value in ours.items()}


def _file(one: AgentFile, variables: Variables) -> dict[str, str]:
    # A volume of the pod is no folder of the injector's: only from there, by a way out of its own, can it be named.
    kept = one.folder.startswith(f"{KEPT}/")
    found = {
        # The one text that comes from elsewhere; folders and commands are the manifest's own, and stay as written.
        f"agent-inject-template-{one.key}": variables.spell(one.template),
        f"agent-inject-file-{one.key}": posixpath.relpath(one.path, FOLDER) if kept else one.name,
        # Else a missing key becomes the text "<no value>" and the pod starts with it.
        f"error-on-missing-key-{one.key}": "true",
    }
    if one.folder != FOLDER and not kept:
        found[f"secret-volume-path-{one.key}"] = one.folder
    if one.mode:
        found[f"agent-inject-perms-{one.key}"] = one.mode
    return found
