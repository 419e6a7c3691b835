"""What changes in a pod so that its secrets come as files: every container's variables, every volume."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from migrate.estate.profiles import Profiles, written_out
from migrate.model.json import Json, items, mapping, numbered, sequence, text
from migrate.operations.agent import FOLDER, KEPT, TOKEN_VOLUME
from migrate.operations.secrets import AgentFile, Manifest, PodChange
from migrate.planning.secrets.container import Container, replaced_in, take_variable, variables, whole_secrets
from migrate.planning.secrets.files import Files
from migrate.planning.secrets.releases import injected
from migrate.planning.secrets.replaced import Copy, replaced
from migrate.planning.secrets.sources import Rendered, Source, UnfitError, keys_of, source_of

_GROUPS = ("initContainers", "containers")
_ENDING = frozenset({"Job", "CronJob"})
_READABLE = 0o004


@dataclass(frozen=True, slots=True)
class Brought:
    """What the pod needs: changes in its manifest, files of the agent, and paths in Vault."""

    change: PodChange
    files: tuple[AgentFile, ...]
    paths: tuple[str, ...]
    replaced: Mapping[str, str]
    """`SECRET/KEY` by the path of each file that holds just that."""
    owner: tuple[int, int] | None


def brought(manifest: Manifest, copies: tuple[Copy, ...], profiles: Profiles) -> Brought:
    """How the pod takes these Secrets from the agent. Raises UnfitError with the reason where it cannot."""
    _insist_on_new(manifest)
    owner = _owner(manifest, copies)
    files = Files("0400" if owner else "")
    containers = [*_containers(manifest, profiles, files)]
    volumes = [one for copy in copies for one in _volumes(manifest, copy, copies, containers, owned=owner is not None)]
    dropped = [name for name, kept in volumes if not kept]
    # After all volumes: a file of settings may already hold what a variable gave.
    for copy in copies:
        for container in containers:
            _variables(container, copy)
    changes = [change for container in containers if (change := container.finished()) is not None]
    _insist_on_free_places(manifest, files, dropped)
    init = any("initContainers" in change.at for change in changes)
    kept = tuple(dict.fromkeys(name for name, kept in volumes if kept))
    pod = PodChange(tuple(changes), tuple(dict.fromkeys(dropped)), init, manifest.workload.kind in _ENDING, kept)
    if not files.made:
        raise UnfitError("nothing in its manifest reads it where this tool looks")
    if not files.paths:
        raise UnfitError("nothing of it comes from Vault: what its template says could stand in Git")
    made = tuple(files.made.values())
    return Brought(pod, made, tuple(files.paths), replaced(manifest.pod, copies, made), owner)


def _insist_on_new(manifest: Manifest) -> None:
    if injected(manifest.template):
        raise UnfitError("its pod has annotations of the injector already: finish or take back by hand what was begun")
    if any(volume.get("name") == TOKEN_VOLUME for volume in items(manifest.pod.get("volumes"))):
        raise UnfitError(f"its pod has a volume called {TOKEN_VOLUME} already")


def _containers(manifest: Manifest, profiles: Profiles, files: Files) -> Iterator[Container]:
    for group in _GROUPS:
        for number, held in numbered(manifest.pod.get(group)):
            reference = text(held.get("image"))
            tag = written_out(reference)[1]
            yield Container((*manifest.at, group, number), held, profiles.image(reference), tag, files)


def _owner(manifest: Manifest, copies: tuple[Copy, ...]) -> tuple[int, int] | None:
    """User and group that all readers share; None where they differ, are root, or the image decides."""
    names, found = {copy.secret for copy in copies}, set[tuple[int, int] | None]()
    pod = mapping(manifest.pod.get("securityContext"))
    volumes = {str(one.get("name")) for one in items(manifest.pod.get("volumes")) if _made_of(one) & names}
    for group in _GROUPS:
        for held in items(manifest.pod.get(group)):
            if _reads(held, names, volumes):
                own = mapping(held.get("securityContext"))
                user, gid = (own.get(key, pod.get(key)) for key in ("runAsUser", "runAsGroup"))
                known = isinstance(user, int) and user > 0
                found.add((user, gid if isinstance(gid, int) and gid > 0 else user) if known else None)  # type: ignore[arg-type]
    return found.pop() if len(found) == 1 else None


def _reads(held: dict[str, Json], names: set[str], volumes: set[str]) -> bool:
    if any([*variables(held, name), *whole_secrets(held, name)] for name in names):
        return True
    return any(mount.get("name") in volumes for mount in items(held.get("volumeMounts")))


def _made_of(volume: dict[str, Json]) -> set[str]:
    """The Secrets that a volume holds."""
    own = text(mapping(volume.get("secret")).get("secretName"))
    sources = items(mapping(volume.get("projected")).get("sources"))
    return {name for name in (own, *(text(mapping(one.get("secret")).get("name")) for one in sources)) if name}


# --- variables -----------------------------------------------------------------------------------------------------


def _variables(container: Container, copy: Copy) -> None:
    for variable, key in variables(container.held, copy.secret):
        if variable in container.change.get("unset", []):
            continue  # a file of settings holds it now
        take_variable(container, variable, source_of(copy.document, key, copy.store))
    for number, prefix in whole_secrets(container.held, copy.secret):
        container.note("unset_from", number)
        own = {text(one.get("name")) for one in items(container.held.get("env"))}
        for key in keys_of(copy.document):
            if (variable := f"{prefix}{key}") not in own:
                take_variable(container, variable, source_of(copy.document, key, copy.store), whole=True)


# --- volumes -------------------------------------------------------------------------------------------------------


def _volumes(
    manifest: Manifest, copy: Copy, copies: tuple[Copy, ...], containers: list[Container], *, owned: bool
) -> Iterator[tuple[str, bool]]:
    """Each volume of the Secret, and whether it is kept.

    One that goes has its files written where it was mounted. One is kept where a file of it stands alone among files
    of others, and nobody who names it could be told of another place: then the agent writes into the volume itself.
    """
    for volume in items(manifest.pod.get("volumes")):
        if copy.secret not in _made_of(volume):
            continue
        name, held = text(volume.get("name")), _held(volume)
        mounts = [
            (container, mount)
            for container in containers
            for mount in items(container.held.get("volumeMounts"))
            if mount.get("name") == name
        ]
        entries = _entries(held, copy, [text(mount.get("subPath")) for _, mount in mounts], owned=owned)
        if kept := any(_stands_alone(container, mount) for container, mount in mounts):
            _keep(name, mounts, entries, copy, copies)
        for container, mount in () if kept else mounts:
            _mount(container, mount, entries, copy, copies)
            container.note("unmount", name)
        yield name, kept


def _held(volume: dict[str, Json]) -> dict[str, Json]:
    """What a volume says of its Secret. Raises UnfitError where it holds something else too."""
    if "secret" in volume:
        return mapping(volume.get("secret"))
    sources = sequence(mapping(volume.get("projected")).get("sources"))
    if len(sources) > 1:
        raise UnfitError(f"volume {text(volume.get('name'))} puts it into one folder with other sources")
    return mapping(mapping(sources[0]).get("secret"))


def _stands_alone(container: Container, mount: dict[str, Json]) -> bool:
    """Whether it is a single file that nothing in the manifest names. Raises UnfitError for what cannot be told."""
    if mount.get("subPathExpr"):
        raise UnfitError(f"{container.name} mounts it by an expression (subPathExpr)")
    return bool(mount.get("subPath")) and not any(_naming(container, _place(mount)))


def _keep(
    name: str,
    mounts: list[tuple[Container, dict[str, Json]]],
    entries: list[tuple[str, str, str]],
    copy: Copy,
    copies: tuple[Copy, ...],
) -> None:
    """Every file of the volume is written into it; whoever mounts it goes on as before."""
    there = {path for _, path, _ in entries}
    for container, mount in mounts:
        if (part := text(mount.get("subPath"))) and part not in there:
            raise UnfitError(f"{container.name} mounts {part} of it, which is no file of the volume")
        container.note("keep", name)
        for key, path, mode in entries:
            container.files.add(
                _file(container, key, copy, copies), path, folder=f"{KEPT}/{name}", name=path, mode=mode
            )


def _entries(held: dict[str, Json], copy: Copy, parts: list[str], *, owned: bool) -> list[tuple[str, str, str]]:
    """(key, path in the folder, mode as text) of each file of a volume. Raises UnfitError.

    `parts`: what its mounts take of it, each empty where it takes all; where none does, no other key is wanted.
    """
    usual = held.get("defaultMode")
    chosen = items(held.get("items"))
    found = [(text(one.get("key")), text(one.get("path")), one.get("mode", usual)) for one in chosen]
    if not chosen:
        keys = parts if parts and all(parts) else keys_of(copy.document)
        found = [(key, key, usual) for key in dict.fromkeys(keys)]
    return [(key, path, _mode(mode, owned=owned)) for key, path, mode in found]


def _mode(mode: Json, *, owned: bool) -> str:
    """The mode as the injector takes it. Where nobody knows who reads, a file only for its owner would help nobody."""
    if not isinstance(mode, int) or (not owned and not mode & _READABLE):
        return ""
    return f"{mode:04o}"


def _mount(
    container: Container,
    mount: dict[str, Json],
    entries: list[tuple[str, str, str]],
    copy: Copy,
    copies: tuple[Copy, ...],
) -> None:
    place, part = _place(mount), text(mount.get("subPath"))
    if part:
        key, _, mode = next((one for one in entries if one[1] == part), ("", "", ""))
        if not key:
            raise UnfitError(f"{container.name} mounts {part} of it, which is no file of the volume")
        path = container.files.add(_file(container, key, copy, copies), part, mode=mode)
        _renamed(container, place, path)
        return
    for key, path, mode in entries:
        source = _file(container, key, copy, copies)
        container.files.add(source, path, folder=place, name=path, mode=mode)
    # The folder is mounted by the injector; the container is noted as one that reads.
    container.note("unmount", text(mount.get("name")))


def _file(container: Container, key: str, copy: Copy, copies: tuple[Copy, ...]) -> Source:
    """What the file holds; where it names a variable that moves, the value stands in it instead."""
    source = source_of(copy.document, key, copy.store)
    if not isinstance(source, Rendered):
        return source
    template, refs = source.template, dict(source.refs)
    for other in copies:
        for variable, of in variables(container.held, other.secret):
            replaced = replaced_in(template, container.image, variable)
            if replaced is None:
                continue
            value = source_of(other.document, of, other.store)
            if isinstance(value, Rendered) or refs.get(variable, value.ref) != value.ref:
                raise UnfitError(f"{key} would have to hold the value of {variable}, which is made by a template")
            template, refs[variable] = replaced, value.ref
            container.note("unset", variable)
    return Rendered(template, tuple(refs.items()))


def _place(mount: dict[str, Json]) -> str:
    return text(mount.get("mountPath")).rstrip("/")


def _renamed(container: Container, old: str, new: str) -> None:
    """A single file cannot be put into a folder of the image: whoever names it is told where it is now."""
    for what, place, held in _naming(container, old):
        now = container.now(what, place, held)
        container.replace(what, place, _very(old).sub(lambda _: new, str(now)))


def _naming(container: Container, path: str) -> Iterator[tuple[str, object, str]]:
    """The texts of a container that name the path: arguments by their place, variables by their name."""
    for group in ("command", "args"):
        for number, word in enumerate(sequence(container.held.get(group))):
            if isinstance(word, str) and _very(path).search(word):
                yield "texts", (group, number), word
    for variable in items(container.held.get("env")):
        value = variable.get("value")
        if isinstance(value, str) and _very(path).search(value):
            yield "set", text(variable.get("name")), value


def _very(path: str) -> re.Pattern[str]:
    """The very path: `/etc/app/key.pub` is another file."""
    return re.compile(re.escape(path) + r"(?![\w./-])")


def _insist_on_free_places(manifest: Manifest, files: Files, dropped: list[str]) -> None:
    """A folder of ours where something else is mounted is refused by the API server."""
    ours = {one.folder for one in files.made.values()}
    for group in _GROUPS:
        for held in items(manifest.pod.get(group)):
            for mount in items(held.get("volumeMounts")):
                place = text(mount.get("mountPath")).rstrip("/")
                if place in ours | {FOLDER} and mount.get("name") not in dropped:
                    raise UnfitError(f"{text(held.get('name'))} has something else mounted at {place}")
