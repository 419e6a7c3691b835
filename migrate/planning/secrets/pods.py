"""What changes in a pod so that its secrets come as files: every container's variables, every volume."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from migrate.estate.profiles import Profiles, written_out
from migrate.model.json import Json, items, mapping, numbered, sequence, text
from migrate.operations.agent import FOLDER, TOKEN_VOLUME
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
    dropped = list[str]()
    for copy in copies:
        dropped += _volumes(manifest, copy, copies, containers, owned=owner is not None)
    # After all volumes: a file of settings may already hold what a variable gave.
    for copy in copies:
        for container in containers:
            _variables(container, copy)
    changes = [change for container in containers if (change := container.finished()) is not None]
    _insist_on_free_places(manifest, files, dropped)
    init = any("initContainers" in change.at for change in changes)
    pod = PodChange(tuple(changes), tuple(dict.fromkeys(dropped)), init, manifest.workload.kind in _ENDING)
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
) -> Iterator[str]:
    """The volumes that go; their files are written where they were mounted."""
    for volume in items(manifest.pod.get("volumes")):
        if copy.secret not in _made_of(volume):
            continue
        name = text(volume.get("name"))
        if "secret" not in volume:
            if len(sequence(mapping(volume.get("projected")).get("sources"))) > 1:
                raise UnfitError(f"volume {name} puts it into one folder with other sources")
            held = mapping(mapping(sequence(mapping(volume.get("projected")).get("sources"))[0]).get("secret"))
        else:
            held = mapping(volume.get("secret"))
        for container in containers:
            mounts = [one for one in items(container.held.get("volumeMounts")) if one.get("name") == name]
            for mount in mounts:
                _mount(container, mount, _entries(held, copy, owned=owned), copy, copies)
            if mounts:
                container.note("unmount", name)
        yield name


def _entries(held: dict[str, Json], copy: Copy, *, owned: bool) -> list[tuple[str, str, str]]:
    """(key, path in the folder, mode as text) of each file of a volume. Raises UnfitError."""
    usual = held.get("defaultMode")
    chosen = items(held.get("items"))
    found = [(text(one.get("key")), text(one.get("path")), one.get("mode", usual)) for one in chosen]
    if not chosen:
        found = [(key, key, usual) for key in keys_of(copy.document)]
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
    place, part = text(mount.get("mountPath")).rstrip("/"), text(mount.get("subPath"))
    if mount.get("subPathExpr"):
        raise UnfitError(f"{container.name} mounts it by an expression (subPathExpr)")
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


def _renamed(container: Container, old: str, new: str) -> None:
    """A single file cannot be put into a folder of the image: whoever names it must be told where it is now."""
    # The very path: `/etc/app/key.pub` is another file.
    named, found = re.compile(re.escape(old) + r"(?![\w./-])"), False
    for group in ("command", "args"):
        for number, word in enumerate(sequence(container.held.get(group))):
            now = container.now("texts", (group, number), word)
            if isinstance(now, str) and named.search(now):
                container.replace("texts", (group, number), named.sub(lambda _: new, now))
                found = True
    for variable in items(container.held.get("env")):
        name = text(variable.get("name"))
        now = container.now("set", name, variable.get("value"))
        if isinstance(now, str) and named.search(now):
            container.replace("set", name, named.sub(lambda _: new, now))
            found = True
    if not found:
        raise UnfitError(f"{container.name} expects the file at {old} inside a folder of its own, and nothing names it")


def _insist_on_free_places(manifest: Manifest, files: Files, dropped: list[str]) -> None:
    """A folder of ours where something else is mounted is refused by the API server."""
    ours = {one.folder for one in files.made.values()}
    for group in _GROUPS:
        for held in items(manifest.pod.get(group)):
            for mount in items(held.get("volumeMounts")):
                place = text(mount.get("mountPath")).rstrip("/")
                if place in ours | {FOLDER} and mount.get("name") not in dropped:
                    raise UnfitError(f"{text(held.get('name'))} has something else mounted at {place}")
