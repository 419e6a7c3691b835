"""What a plan leaves: workloads that cannot move as they are written, and applications that must change first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrate.estate.inventory import Inventory, Reader, Secret
from migrate.estate.verdicts import variables_of
from migrate.model.plan import Remark
from migrate.planning.secrets.workloads import Candidate, Unfit


def left_to(found: Iterable[Candidate], claims: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, Remark]]:
    """By name, the releases whose Secret another phase takes (release, Secret, phase): it has more to give them."""
    takers = {(release, secret): phase for release, secret, phase in claims}
    for one in found if takers else ():
        for secret in one.secrets if one.workload.kind == "HelmRelease" else ():
            if phase := takers.get((one.name, f"{secret.namespace}/{secret.target}")):
                text = f"HelmRelease {one.name} is left to {phase}, which has Vault rotate the password of its database"
                fix = f"migrate plan {phase}; or name it (--only) where a copy of the password shall move all the same"
                yield one.name, Remark("phase.left-to", "info", f"{text} login", fix, one.workload.file)


def left_out(left: Iterable[Candidate]) -> Iterator[Remark]:
    """One finding for each workload whose Secrets could move, and which cannot."""
    for one in left:
        if isinstance(one.form, Unfit):
            text = f"{one.workload.kind} {one.name} stays on its Secrets: {one.form.why}"
            yield Remark("phase.left-out", "info", text, "bring it into that form, then plan again", one.workload.file)


def worklist(inventory: Inventory) -> Iterator[Remark]:
    """For each application that must change first: what to change, as a text for whoever maintains it."""
    for secret in inventory.secrets:
        if secret.verdict == "code" and secret.wired:
            for reader in _needing(secret):
                yield Remark("code.worklist", "info", _text(secret, reader), _then(reader), reader.file)


def _needing(secret: Secret) -> Iterator[Reader]:
    found = (one.reader for one in secret.reasons if one.code.startswith("code.") and one.reader is not None)
    yield from dict.fromkeys(found)


def _text(secret: Secret, reader: Reader) -> str:
    names = variables_of(reader, secret.keys)
    variables = ", ".join(names) or "its secrets"
    files = ", ".join(f"{name}_FILE" for name in names) or "NAME_FILE for each of them"
    where = f"{reader.target} ({reader.container})" if reader.container else reader.target
    return (
        f"for the maintainer of {where}: it takes {variables} from its environment only. Let it also take {files}, the "
        "path of a file: read at start, every byte of it, and an error where the path is set and the file is not there"
    )


def _then(reader: Reader) -> str:
    image = reader.pod.image.rpartition("/")[2].partition("@")[0].partition(":")[0] if reader.pod else ""
    return f"once that is released, say so in migrate.yaml (adapters: {{{image or 'IMAGE'}: ...}}), and scan again"
