"""What an operator has when a cluster is lost: a snapshot of Vault and PostgreSQL's files, of some moment before.

A lab made from one and from Git shows what rebuilding the estate then means: a backup older than what Git asks for
lacks roles and logins; one of Vault alone, older than a rotation, has passwords that the database no longer takes.
Nothing is filled in that the backup lacks, for that is the finding.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from migrate.lab import vault
from migrate.lab.vault import Mounts
from migrate.lab.web import Unwelcome
from migrate.lab.world import Provider, World, write
from migrate.model.errors import Refused, Usage

_SNAPSHOT = "vault.snapshot"
_DATABASE = "postgres"
_PLACE = "place"
_VAULT_KEYS = ("vault-unseal", "vault-root", "eso-token")
_DATABASE_KEYS = ("postgres-admin", "pgpass")


@dataclass(frozen=True, slots=True)
class Backup:
    """A folder that `take` wrote. `major`: that of its PostgreSQL. `place`: the lab's folder then."""

    folder: Path
    major: int
    place: str


def take(world: World, folder: Path, resting: Callable[[Callable[[], object]], None]) -> None:
    """Write a backup of a running lab to a new folder that only its owner enters.

    `resting` does something while PostgreSQL is stopped: its files are whole only then. Raises Refused for a lab whose
    data is not its own, and for a folder that is there.
    """
    if world.provider is not Provider.PROCESSES:
        raise Refused("Only a lab of processes has its servers' files at hand.", undone="Nothing was written.")
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        raise Refused(
            f"{folder} is there already.", undone="Nothing was written.", following="name a folder that is not"
        ) from None
    write(folder / _PLACE, str(world.folder))
    web = vault.as_root(world)
    write(folder / _SNAPSHOT, web.fetch("/v1/sys/storage/raft/snapshot"))
    web.close()
    resting(lambda: _copy(world.data("disk", "postgres"), folder / _DATABASE))
    for name in (*_VAULT_KEYS, *_DATABASE_KEYS):
        write(folder / name, world.credential(name).read_bytes())


def read(folder: Path) -> Backup:
    """The backup in a folder. Raises Usage where there is none."""
    try:
        major = int((folder / _DATABASE / "PG_VERSION").read_text())
        return Backup(folder, major, (folder / _PLACE).read_text())
    except (OSError, ValueError) as error:
        raise Usage(f"There is no backup in {folder}.", following="migrate lab backup FOLDER") from error


def insist_on_place(backup: Backup, folder: Path) -> None:
    """Raises Refused for a lab of another name: Vault's connections and audit log name its address and folder."""
    if backup.place != str(folder):
        raise Refused(
            f"The backup is that of a lab in {backup.place}, and what is in it names that place.",
            undone="No lab was started.",
            following=f"migrate lab up --name {Path(backup.place).name} --backup {backup.folder}",
        )


def restore_database(world: World, backup: Backup, major: int) -> Path:
    """Put PostgreSQL's files and its administrator's password in their place; returns the folder of the files.

    Raises Refused where the PostgreSQL that will read them is of another major version.
    """
    if backup.major != major:
        raise Refused(
            f"The backup is PostgreSQL {backup.major}'s, and this lab has {major}.",
            following=f"migrate lab up --postgres {backup.major}",
        )
    for name in _DATABASE_KEYS:
        write(world.credential(name), (backup.folder / name).read_bytes())
    return _copy(backup.folder / _DATABASE, world.data("disk", "postgres"))


def restore_vault(world: World, backup: Backup, mounts: Mounts) -> None:
    """Fill a server that has nothing yet, open it with the backup's key, and let it trust this lab's cluster.

    Whoever rebuilds a cluster has new keys for its service accounts, so Vault must be told them.
    """
    vault.initialise(world)
    web = vault.as_root(world)
    snapshot = (backup.folder / _SNAPSHOT).read_bytes()
    web.ask("POST", "/v1/sys/storage/raft/snapshot-force", snapshot, kind="application/octet-stream")
    web.close()
    for name in _VAULT_KEYS:
        write(world.credential(name), (backup.folder / name).read_bytes())
    vault.unseal(world)
    web = vault.as_root(world)
    try:
        vault.trust(web, world, mounts)
    except Unwelcome as refused:
        if refused.status != 404:  # the backup is older than that mount
            raise
    web.close()


def _copy(source: Path, target: Path) -> Path:
    shutil.copytree(source, target, symlinks=True)
    target.chmod(0o700)
    (target / "postmaster.pid").unlink(missing_ok=True)
    return target
