"""A lab's folder: where each of its files lies, and the record of what it is.

Everything of a lab is below one folder that only its owner may enter, so that removing the folder removes the lab's
files, and finding the folder finds the lab. Sockets lie in it too: their paths may have 107 bytes, so names are short.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from migrate.lab.levels import Level
from migrate.model.errors import Failed, Usage

_RECORD = "world.json"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")
_LONGEST_PATH = 60  # what may follow it, containerd's longest socket, has 40 bytes; the kernel's limit is 107


class Provider(StrEnum):
    """Who runs a lab's servers: this machine as processes, an engine as containers, or somebody else altogether."""

    PROCESSES = "processes"
    DOCKER = "docker"
    EXISTING = "existing"


@dataclass(frozen=True, slots=True)
class World:
    """One lab. `address` is the only one its servers listen on, `node` that of its node (full level only)."""

    name: str
    folder: Path
    level: Level
    reason: str
    address: str
    node: str
    estate: str
    """The GitOps folder that was pushed into it; empty for none."""
    eso: str
    """Version of the External Secrets Operator it runs."""
    provider: Provider = Provider.PROCESSES

    @property
    def id(self) -> str:
        """Eight digits that no other lab of this machine has: part of the names of what cannot lie in the folder."""
        return identity(self.folder)

    @property
    def bridge(self) -> str:
        """Name of its bridge."""
        return f"mlab-{self.id}"

    @property
    def cgroup(self) -> str:
        """Name of its control groups, below the root of each hierarchy."""
        return f"migrate-lab-{self.id}"

    @property
    def inner(self) -> str:
        """An address of loopback that is this lab's alone: for what pods have no business with."""
        return "127." + self.address.partition(".")[2]

    def config(self, *parts: str) -> Path:
        """A file that a server is told to read."""
        return self.folder.joinpath("config", *parts)

    def credential(self, *parts: str) -> Path:
        """A file that holds a key, a token or a password."""
        return self.folder.joinpath("keys", *parts)

    def data(self, *parts: str) -> Path:
        """A file or folder that a server writes."""
        return self.folder.joinpath("data", *parts)

    def log(self, server: str) -> Path:
        """What a server says."""
        return self.folder / "logs" / f"{server}.log"

    def record(self, server: str) -> Path:
        """Which process a server is."""
        return self.folder / "pids" / f"{server}.json"

    def socket(self, name: str) -> Path:
        """A Unix socket."""
        return self.folder / "s" / name

    def url(self, port: int, path: str = "") -> str:
        """An HTTPS address of the lab."""
        return f"https://{self.address}:{port}{path}"


def home() -> Path:
    """Where labs lie: `$MIGRATE_LAB`, else `$XDG_STATE_HOME/migrate-lab`, else `~/.local/state/migrate-lab`."""
    named = os.environ.get("MIGRATE_LAB") or os.environ.get("XDG_STATE_HOME", "")
    if os.environ.get("MIGRATE_LAB"):
        return Path(named)
    return (Path(named) if named.startswith("/") else Path.home() / ".local" / "state") / "migrate-lab"


def place(name: str) -> Path:
    """The folder of a lab of that name. Raises Usage for a name that no lab can have."""
    if not _NAME.fullmatch(name):
        raise Usage(
            f"{name!r} cannot be the name of a lab.",
            following="Use up to 20 small letters, digits and dashes, a letter first.",
        )
    folder = home() / name
    if len(str(folder)) > _LONGEST_PATH:
        raise Failed(
            f"{folder} is too long a path for a lab: sockets below it would have more bytes than the kernel allows.",
            undone="No lab was started.",
            following="MIGRATE_LAB=/some/short/folder migrate lab up",
        )
    return folder


def identity(folder: Path) -> str:
    """Eight digits of a folder's path."""
    return hashlib.sha256(str(folder).encode()).hexdigest()[:8]


def create(world: World) -> None:
    """Make the folder and its record. Raises FileExistsError if the folder is there."""
    world.folder.parent.mkdir(parents=True, exist_ok=True)
    world.folder.mkdir(mode=0o700)
    for part in ("config", "keys", "data", "logs", "pids", "s", "data/home", "data/tmp"):
        (world.folder / part).mkdir(mode=0o700)
    document = {key: str(value) for key, value in asdict(world).items() if key != "folder"}
    write(world.folder / _RECORD, json.dumps(document, indent=2))


def load(name: str) -> World | None:
    """The lab of that name, whole or half-made; None where there is no folder, or one without a readable record."""
    folder = place(name)
    try:
        said = json.loads((folder / _RECORD).read_text())
        kinds = {"level": Level(said["level"]), "provider": Provider(said.get("provider", Provider.PROCESSES))}
        return World(folder=folder, **{**said, **kinds})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def remains(name: str) -> World:
    """A lab whose record is gone or torn, as far as its name tells: enough to take it away. Raises Failed for none."""
    folder = place(name)
    if not folder.is_dir():
        others = names()
        raise Failed(
            f"There is no lab called {name}.",
            truth=f"there are: {', '.join(others)}" if others else "no lab is there, so none has to be taken away",
            undone="Nothing was taken away.",
            following=f"migrate lab down --name {others[0]}" if len(others) == 1 else "migrate lab status --name NAME",
        )
    return World(name, folder, Level.FULL, "its record is lost", "127.0.0.1", "", "", "")


def names() -> list[str]:
    """The labs of this machine's user, by name; those half-made or half-removed included."""
    try:
        return sorted(entry.name for entry in os.scandir(home()) if entry.is_dir() and _NAME.fullmatch(entry.name))
    except OSError:
        return []


def write_json(path: Path, value: object) -> Path:
    """Write a JSON file that only its owner may read. Returns its path."""
    return write(path, json.dumps(value, indent=2))


def write(path: Path, text: str | bytes) -> Path:
    """Write a file that only its owner may read, whole or not at all. Returns its path."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text.encode() if isinstance(text, str) else text)
    half.rename(path)
    return path
