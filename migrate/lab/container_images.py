"""Images for a lab's servers: the projects' own where the engine gets them, else made from the lab's binaries."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from migrate.lab.machine import static_busybox
from migrate.model.errors import Failed

if TYPE_CHECKING:
    from docker import DockerClient

PUBLISHED: Final[Mapping[str, str]] = MappingProxyType({"vault": "hashicorp/vault", "postgres": "postgres"})
CONTAINED: Final = frozenset(
    {
        "etcd", "kube-apiserver", "kube-controller-manager", "vault", "postgres", "external-secrets",
        "source-controller", "kustomize-controller", "helm-controller",
    }
)  # fmt: skip
"""Servers that run in containers: those of other projects. What the lab wrote itself needs this machine's programs."""
_PASSWD = "root:x:0:0::/:/bin/sh\nlab:x:1000:1000::/:/bin/sh\n"


@dataclass(frozen=True, slots=True)
class Image:
    """An image that the engine has. `folder`: where the lab put the program in it; empty for a published one."""

    name: str
    folder: str

    def program(self, path: str) -> str:
        """How a program that lies at a path of this machine is called in there."""
        return f"{self.folder}/{Path(path).name}" if self.folder else Path(path).name


def ready(engine: DockerClient, server: str, program: Path, version: str) -> Image:
    """The image of a server, pulled or made if need be: its project's own in that version, else one with that program.

    Raises Failed where it is neither to be had nor to be made.
    """
    if server in PUBLISHED and _has(engine, f"{PUBLISHED[server]}:{version}"):
        return Image(f"{PUBLISHED[server]}:{version}", "")
    if not program.is_file():
        raise Failed(f"There is no image of {server} to be had, and it is not built here.", following="make lab")
    # A folder of the cache is named by the content of what it was built from.
    name = f"migrate-lab/{program.name}:{re.sub(r'[^A-Za-z0-9_.-]', '-', program.parents[1].name)}"
    if not engine.images.list(name):
        _make(engine, name, program)
    return Image(name, "/lab/bin")


def _has(engine: DockerClient, name: str) -> bool:
    """Whether the engine has an image, now that it was asked to get it."""
    if engine.images.list(name):
        return True
    repository, _, tag = name.partition(":")
    with contextlib.suppress(Exception):  # no registry, no such tag, no leave: then there is none
        engine.api.pull(repository, tag=tag)  # images.pull() leaves its connection open where it fails
    return bool(engine.images.list(name))


def _make(engine: DockerClient, name: str, program: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for folder, mode in (("tmp", 0o1777), ("etc", 0o755), ("lab", 0o755), ("lab/bin", 0o755), ("bin", 0o755)):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            tar.addfile(entry)
        passwd = tarfile.TarInfo("etc/passwd")
        passwd.size = len(_PASSWD)
        tar.addfile(passwd, io.BytesIO(_PASSWD.encode()))
        for source, place in _files(program):
            tar.add(source, place, recursive=False)
    repository, _, tag = name.rpartition(":")
    engine.api.import_image_from_data(buffer.getvalue(), repository=repository, tag=tag)


def _files(program: Path) -> Iterator[tuple[Path, str]]:
    """What a program needs, with its place in the image: itself, or with its libraries and data where it has any."""
    if program.name != "postgres":
        yield program, f"lab/bin/{program.name}"
        return
    root = program.parents[1]
    for file in sorted(root.rglob("*")):
        if not file.is_dir():
            yield file, f"lab/{file.relative_to(root)}"
    libraries = {path for name in ("postgres", "initdb") for path in _libraries(program.with_name(name))}
    for path in sorted(libraries):
        if not path.is_relative_to(root):
            yield path.resolve(), str(path).lstrip("/")
    shell = static_busybox()
    if shell is None:
        raise Failed("An image of PostgreSQL needs a static busybox.", following="migrate lab doctor --install")
    yield shell, "bin/sh"


def _libraries(program: Path) -> Iterator[Path]:
    """The libraries and the loader that a program asks for, as the loader finds them."""
    said = subprocess.run(("ldd", str(program)), capture_output=True, text=True, check=True).stdout
    for path in re.findall(r"(/\S+) \(0x", said):
        yield Path(path)
