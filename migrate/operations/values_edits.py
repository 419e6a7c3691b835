"""What the values of a Helm release say afterwards, in the words of its chart."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.documents.edits import AddKey, Edit, RemoveKey, SetScalar
from migrate.model.json import Json, Pointer, at_pointer, mapping
from migrate.operations.agent import TOKEN_VOLUME, token_volume
from migrate.operations.merging import merge, without
from migrate.operations.pod_edits import in_list, in_memory, mounts, pod_annotations, variables, whole_secrets, wrapped
from migrate.operations.secrets import ContainerChange, ContainerWords, PodWords, SecretsSubject
from migrate.operations.wish import Arguments

_OF_A_SECRET = ("name", "identifier", "items", "defaultMode", "optional")
"""What an entry of `persistence` says of a Secret, and of nothing else."""


def values_edits(subject: SecretsSubject, words: PodWords, arguments: Arguments) -> Iterator[Edit]:
    """The edits of the release's document, in order. Raises CannotEdit where they cannot be exact."""
    document, account = subject.manifest.document, subject.account
    for one in subject.change.containers:
        yield from _container(document, words.containers[one.name], one)
    yield from _volumes(subject, words)
    yield from _under(document, words.annotations, {**pod_annotations(subject, arguments)})
    if account.changes:
        made: dict[str, Json] = {"create": True} if words.account_made else {}
        yield from _under(document, words.account, {**made, "name": account.wanted})


def _under(document: Json, at: Pointer, wanted: dict[str, Json]) -> Iterator[Edit]:
    """As one key where nothing is there yet, so that it reads as somebody would write it."""
    yield from merge(document, at[:-1], {str(at[-1]): wanted})


def _container(document: Json, at: ContainerWords, one: ContainerChange) -> Iterator[Edit]:
    def held(place: Pointer) -> Json:
        return at_pointer(document, place)

    for (group, *number), new in one.texts:
        yield SetScalar((*(at.args if group == "args" else at.command), *number), new)
    yield from in_list(at.args, held(at.args), list(one.drop_arguments), list(one.add_arguments))
    yield from _variables(document, at, one)
    yield from whole_secrets(at.env_from, held(at.env_from), one)
    if at.mounts:
        yield from mounts(at.mounts, held(at.mounts), one)
    yield from wrapped(at.command, held(at.command), one)


def _variables(document: Json, at: ContainerWords, one: ContainerChange) -> Iterator[Edit]:
    """Variables where the chart has them: in a map or in a list, those from Secrets perhaps in a map of their own."""
    here = at_pointer(document, at.env)
    yield from _in_map(at.env, mapping(here), one) if at.env_map else variables(at.env, here, one)
    apart = mapping(at_pointer(document, at.value_from)) if at.value_from else {}
    yield from without(at.value_from, apart, [*one.unset, *(name for name, _ in one.set)])


def _in_map(at: Pointer, held: dict[str, Json], one: ContainerChange) -> Iterator[Edit]:
    for name, value in one.set:
        if name in held and not isinstance(held[name], dict | list):
            yield SetScalar((*at, name), value)
            continue
        if name in held:
            yield RemoveKey((*at, name))
        yield AddKey(at, name, value)
    # What comes keeps the map: only the rest of it can leave it empty.
    yield from without(at, held, one.unset, kept=bool(one.set))


def _volumes(subject: SecretsSubject, words: PodWords) -> Iterator[Edit]:
    """The volume of the agent's token comes, those of the Secrets go, or hold memory."""
    token, gone = token_volume(subject.vault), subject.change.drop_volumes
    if words.controller:
        made = {key: value for key, value in token.items() if key != "name"}
        # Mounts of nobody: left out, the chart would mount it into every container of every pod.
        nobody: Json = {words.controller: {subject.change.containers[0].name: []}}
        yield AddKey(words.volumes, TOKEN_VOLUME, {"type": "custom", "volumeSpec": made, "advancedMounts": nobody})
        yield from (RemoveKey((*words.volumes, name)) for name in gone)
        for name in subject.change.keep_volumes:
            yield from _in_memory(subject.manifest.document, (*words.volumes, name))
        return
    held = at_pointer(subject.manifest.document, words.volumes)
    yield from in_memory(words.volumes, held, subject.change.keep_volumes)
    yield from in_list(words.volumes, held, [{"name": name} for name in gone], [token])


def _in_memory(document: Json, at: Pointer) -> Iterator[Edit]:
    """An entry of `persistence` with its mounts as they are."""
    held = mapping(at_pointer(document, at))
    if held.get("type") == "custom":
        volume = (*at, "volumeSpec")
        yield AddKey(volume, "emptyDir", {"medium": "Memory"})
        yield from (RemoveKey((*volume, key)) for key in ("secret", "projected") if key in mapping(held["volumeSpec"]))
        return
    yield SetScalar((*at, "type"), "emptyDir")
    yield AddKey(at, "medium", "Memory")
    yield from (RemoveKey((*at, key)) for key in _OF_A_SECRET if key in held)
