"""ExternalSecrets as retirement needs them: their places, who lists them, and what goes with the last of a folder."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from migrate.documents.reader import load_once
from migrate.estate.extract import KUSTOMIZATION_NAMES
from migrate.estate.inventory import Inventory, Secret
from migrate.model.errors import Refused
from migrate.model.json import sequence
from migrate.operations.subject import Copied, Listing, Place
from migrate.planning.files import Files, Found, beside
from migrate.planning.files import one as document_of

LISTS = ("resources", "bases", "components")
"""Fields by which a kustomization takes in other files and folders."""

_SETTINGS = frozenset(
    {*LISTS, "apiVersion", "kind", "metadata", "namespace", "namePrefix", "nameSuffix", "commonLabels", "labels"}
)
"""Fields of a kustomization that make nothing by themselves."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a kustomization: the list it stands in, as it is written, and as a path of the tree."""

    field: str
    text: str
    path: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A kustomization, components among them: what it lists, and whether it makes anything else."""

    place: Place
    entries: tuple[Entry, ...]
    bare: bool


@dataclass(frozen=True, slots=True)
class Listings:
    """Every kustomization of a tree, by what it lists: an estate has thousands, and a workload is about a few."""

    by_path: Mapping[str, tuple[Listed, ...]]

    def about(self, files: Sequence[str], going: set[str]) -> tuple[Listed, ...]:
        """Those that list one of the files, and upwards those of whatever would be left empty without `going`."""
        found, names, rest = dict[Place, Listed](), set(going), list(files)
        while rest:
            for one in self.by_path.get(rest.pop(), ()):
                found[one.place] = one
                above = {one.place.file, posixpath.dirname(one.place.file)}
                if all(entry.path in names for entry in one.entries) and not above <= names:
                    names |= above
                    rest += sorted(above)
        return tuple(found[place] for place in sorted(found, key=lambda place: (place.file, place.document)))


@dataclass(frozen=True, slots=True)
class Copiers:
    """Which ExternalSecrets copy each value of Vault, in the order of the inventory."""

    secrets: tuple[Secret, ...]
    by_key: Mapping[tuple[str, str | None], tuple[int, ...]]
    """By path and property, the places in `secrets`."""

    def beside(self, secret: Secret) -> Iterator[Secret]:
        """The others that copy a value which this one copies."""
        keys = {(one.vault.path, one.vault.property) for one in secret.data}
        for number in sorted({number for key in keys for number in self.by_key.get(key, ())}):
            if self.secrets[number].id != secret.id:
                yield self.secrets[number]


@dataclass(slots=True)
class Gone:
    """What the workloads of a plan take away, one after the other: each that follows has to see it."""

    documents: set[tuple[str, int]] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    """Whole files, and folders that are listed nowhere any more."""

    def take(self, copies: Sequence[Copied]) -> None:
        """What goes with these ExternalSecrets goes."""
        for copied in (one for one in copies if one.retire):
            self.documents.add((copied.place.file, copied.place.document))
            whole = (copied.place.file, *copied.emptied) if copied.alone_in_file else ()
            self.paths |= {*whole, *(posixpath.dirname(path) for path in copied.emptied if whole)}


def copiers(inventory: Inventory) -> Copiers:
    """Who copies what, of all ExternalSecrets."""
    found = defaultdict[tuple[str, str | None], list[int]](list)
    for number, secret in enumerate(inventory.secrets):
        for one in secret.data:
            found[one.vault.path, one.vault.property].append(number)
    return Copiers(inventory.secrets, {key: tuple(some) for key, some in found.items()})


def kustomizations(files: Files) -> Listings:
    """Every kustomization of the tree, read once. The file's name makes it one, as for kustomize: `kind` may lack."""
    by_path = dict[str, list[Listed]]()
    for path in files.paths:
        if posixpath.basename(path) not in KUSTOMIZATION_NAMES or (found := document_of(files, path, 0)) is None:
            continue
        one = Listed(Place(path, 0), tuple(_entries(found)), found.value.keys() <= _SETTINGS)
        for listed in dict.fromkeys(_paths(one)):
            by_path.setdefault(listed, []).append(one)
    return Listings({path: tuple(some) for path, some in by_path.items()})


def _entries(found: Found) -> Iterator[Entry]:
    for name in LISTS:
        for text in sequence(found.value.get(name)):
            if isinstance(text, str):
                yield Entry(name, text, beside(found.file, text))


def copied_together(
    secrets: Sequence[tuple[Secret, bool]],
    files: Files,
    inventory: Inventory,
    known: Listings | None = None,
    gone: Gone | None = None,
) -> tuple[Copied, ...]:
    """The ExternalSecrets of one workload, each with whether it is retired; those that are go in one commit.

    A file or a kustomization that would be left empty goes too, and the line that lists it: kustomize 5.2 and 5.3, and
    Flux 2.2 with them, refuse `resources: []` (fluxcd/pkg pull request 757). `gone`: what earlier workloads of the plan
    take away. Raises Refused where a file changed while it was read.
    """
    copies = [_copied(secret, retire, files, inventory) for secret, retire in secrets]
    gone = gone or Gone()
    going = {(copied.place.file, copied.place.document) for copied in copies if copied.retire}
    ours = {file for file, _ in going}
    whole = {file for file in ours if _all_of(file, going, gone.documents, files)} | gone.paths
    known = kustomizations(files) if known is None else known
    listed = known.about([copied.place.file for copied in copies], whole)
    dropped, lines = _cascade(whole, listed)
    answer = list[Copied]()
    for copied in copies:
        alone = copied.place.file in whole or (not copied.retire and len(load_once(files.read(copied.place.file))) == 1)
        own = _lines_of(copied.place.file, lines, dropped, listed)
        answer.append(replace(copied, alone_in_file=alone, listings=own, emptied=_emptied(copied, dropped, listed)))
    return tuple(answer)


def _all_of(file: str, going: Set[tuple[str, int]], gone: Set[tuple[str, int]], files: Files) -> bool:
    places = [(file, one.index) for one in load_once(files.read(file))]
    return all(place in going or place in gone for place in places)


def _copied(secret: Secret, retire: bool, files: Files, inventory: Inventory) -> Copied:
    found = document_of(files, secret.file, secret.document)
    if found is None:
        raise Refused(f"{secret.file} changed while it was read", following="plan again")
    return Copied(
        place=Place(secret.file, secret.document),
        namespace=secret.namespace,
        name=secret.name,
        target_secret=secret.target,
        document=found.value,
        alone_in_file=False,
        listings=(),
        retire=retire,
        never_refreshed=secret.refresh_interval in {"0", "0s"},
        applied_by=flux_of(secret.wired_by, inventory),
    )


def flux_of(wired_by: str, inventory: Inventory) -> str:
    """The Kustomization, where it is Flux that applies the tree."""
    return wired_by if inventory.wiring.how == "flux" and "/" in wired_by else ""


def _cascade(whole: set[str], listed: tuple[Listed, ...]) -> tuple[set[str], dict[Place, set[Entry]]]:
    """The kustomizations that would be left empty and are listed elsewhere, and every line that goes."""
    dropped, gone = set[str](), set(whole)
    while True:
        lines = {one.place: {entry for entry in one.entries if entry.path in gone} for one in listed}
        empty = next((one for one in listed if _empties(one, lines[one.place], dropped, listed)), None)
        if empty is None:
            return dropped, lines
        dropped.add(empty.place.file)
        gone |= {empty.place.file, posixpath.dirname(empty.place.file)}


def _paths(one: Listed) -> list[str]:
    return [entry.path for entry in one.entries]


def _empties(one: Listed, going: set[Entry], dropped: set[str], listed: tuple[Listed, ...]) -> bool:
    if one.place.file in dropped or not going or len(going) < len(one.entries) or not one.bare:
        return False
    names = {one.place.file, posixpath.dirname(one.place.file)}
    return any(path in names for other in listed if other.place != one.place for path in _paths(other))


def _lines_of(
    file: str, lines: dict[Place, set[Entry]], dropped: set[str], listed: tuple[Listed, ...]
) -> tuple[Listing, ...]:
    """The lines about this file, or about the folder that goes with it, in kustomizations that stay."""
    names, answer = {file}, list[Listing]()
    for _ in range(len(dropped) + 1):
        for one in listed:
            if one.place.file in dropped and any(path in names for path in _paths(one)):
                names |= {one.place.file, posixpath.dirname(one.place.file)}
    for one in listed:
        if one.place.file in dropped:
            continue
        alone = len(one.entries) == max(1, len(lines.get(one.place, set()))) and one.bare
        answer += [Listing(one.place, entry.text, alone, entry.field) for entry in one.entries if entry.path in names]
    return tuple(answer)


def _emptied(copied: Copied, dropped: set[str], listed: tuple[Listed, ...]) -> tuple[str, ...]:
    if not copied.retire:
        return ()
    names, answer = {copied.place.file}, list[str]()
    for _ in dropped:
        for one in listed:
            if (
                one.place.file in dropped
                and one.place.file not in answer
                and any(path in names for path in _paths(one))
            ):
                answer.append(one.place.file)
                names |= {one.place.file, posixpath.dirname(one.place.file)}
    return tuple(answer)


def emptied_by_hand(copies: Sequence[Copied]) -> Listing | None:
    """A line whose kustomization would be left empty and cannot go with it, since nothing lists that one."""
    lines = (line for copied in copies if copied.retire and copied.alone_in_file for line in copied.listings)
    return next((line for line in lines if line.alone), None)
