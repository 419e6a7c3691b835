"""Images for the lab's pods, made of static programs: no registry is asked, nothing is pulled.

An image is layers (tar files), a configuration and a manifest, each named by its digest, as the OCI image layout has
it. `registry.py` serves them under whatever name a pod asks for.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from migrate.lab.world import write

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FOLDERS = ("bin", "etc", "home", "lab", "tmp", "usr", "usr/bin", "usr/local", "usr/local/bin", "var", "var/lib")
_PASSWD = "root:x:0:0::/root:/bin/sh\nvault:x:100:1000::/home/vault:/bin/sh\napp:x:65532:65532::/tmp:/bin/sh\n"
_GROUP = "root:x:0:\nvault:x:1000:\napp:x:65532:\n"
# Stands for a program that nobody here has: takes any arguments, says what it has read, answers every HTTP request on
# the ports it is told with 200, and stays until it is asked to go.
_APP = """#!/bin/sh
[ -n "$LAB_LEAVES" ] && { LAB_ONCE=1 /lab/reads "$@"; exit 0; }
trap 'exit 0' TERM INT
/lab/reads "$@" &
for port in $LAB_PORTS; do nc -ll -p "$port" -e /lab/ok & done
while :; do sleep 3600 & wait $!; done
"""
# Says what an application would have read by now, as digests only: its environment, its arguments, every file that one
# of these names (`--config=FILE`, `NAME_FILE`), and those where a Secret was mounted (LAB_FILES). Whole, because a line
# too many is another password; and where it is more than one word, each word that is long enough to be a secret.
READS = r"""#!/bin/sh
digest() { sha256sum | { read -r sum _; echo "lab-read $sum $1"; }; }
words() {
  text=$(cat)
  case $text in *[!A-Za-z0-9_-]*) ;; *) return ;; esac
  printf '%s\n' "$text" | tr -cs 'A-Za-z0-9_-' '\n' | awk 'length($0) > 15 && !seen[$0]++' | while read -r word; do
    printf %s "$word" | digest "$1"
  done
}
value() { [ ${#2} -gt 7 ] && { printf %s "$2" | digest "$1"; printf '%s\n' "$2" | words "$1"; }; }
file() { [ -r "$1" ] && { digest "file $1" <"$1"; words "file $1" <"$1"; }; }
names() { env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p' | grep -v '^LAB_'; }
files() {
  for place in $LAB_FILES; do for one in "$place" "$place"/*; do [ -f "$one" ] && echo "$one"; done; done
  for word; do case ${word#*=} in /*) [ -f "${word#*=}" ] && echo "${word#*=}" ;; esac; done
  for name in $(names); do eval "held=\$$name"; case $held in /*) [ -f "$held" ] && echo "$held" ;; esac; done
}
all() {
  for word; do value argument "$word"; done
  for name in $(names); do eval "held=\$$name"; value "environment $name" "$held"; done
  files "$@" | while read -r one; do file "$one"; done
  echo lab-read-all
}
before=
while :; do
  now=$(files "$@" | while read -r one; do sha256sum "$one"; done)
  [ "$now." = "$before" ] || all "$@"
  before=$now.
  [ -n "$LAB_ONCE" ] && exit
  [ -n "$now" ] && sleep 15 || sleep 3600
done
"""
_OK = """#!/bin/sh
read -r line
printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok'
"""
# Debian's busybox knows no `nc -z HOST PORT`, with which half the world waits for its database; and its shell asks its
# own table of programs before PATH. So in an image its `nc` is called `nd` (the table stays sorted), and this is `nc`.
_NC = """#!/bin/sh
for word; do case $word in -*z*) asks=yes ;; esac; done
[ -n "$asks" ] || exec /bin/busybox nd "$@"
while [ $# -gt 2 ]; do shift; done
exec /bin/busybox nd -w 5 "$1" "$2" -e /bin/true </dev/null
"""
# Alpine's busybox, which Vault's image has, can do this; Debian's cannot.
_PKILL = """#!/bin/sh
number=TERM exact= found=1
for word; do case $word in -x) exact=yes ;; -*) number=${word#-} ;; *) name=$word ;; esac; done
for place in /proc/[0-9]*; do
  pid=${place#/proc/}
  [ "$pid" != $$ ] && read -r comm 2>/dev/null <"$place/comm" || continue
  case $exact$comm in "yes$name") ;; yes*) continue ;; *"$name"*) ;; *) continue ;; esac
  kill -"$number" "$pid" && found=0
done
exit $found
"""
_TABLE = (b"\0nc\0netstat\0", b"\0nd\0netstat\0")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that lies in the store."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Settings:
    """What an image says of the process to run in it."""

    entrypoint: tuple[str, ...]
    user: str = "0:0"
    environment: Mapping[str, str] | None = None


class Store:
    """A folder of blobs by digest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def base(self, busybox: Path, applets: Collection[str]) -> Layer:
        """A small system: a shell and the usual programs, two users, a home for the agent, `/lab/app`."""

        def fill(tar: tarfile.TarFile) -> None:
            for folder in _FOLDERS:
                _folder(tar, folder, 0o1777 if folder == "tmp" else 0o755)
            _folder(tar, "home/vault", 0o777, (100, 1000))
            _file(tar, "bin/busybox", busybox.read_bytes().replace(*_TABLE), 0o755)
            for name in sorted(set(applets) - {"nc"}):
                _link(tar, f"bin/{name}", "/bin/busybox")
            for name, text, mode in (
                ("etc/passwd", _PASSWD, 0o644),
                ("etc/group", _GROUP, 0o644),
                ("bin/nc", _NC, 0o755),
                ("bin/pkill", _PKILL, 0o755),
                ("lab/app", _APP, 0o755),
                ("lab/reads", READS, 0o755),
                ("lab/ok", _OK, 0o755),
            ):
                _file(tar, name, text.encode(), mode)

        return self._layer(fill)

    def program(self, program: Path, place: str) -> Layer:
        """One program at a path."""
        return self._layer(lambda tar: _file(tar, place.lstrip("/"), program.read_bytes(), 0o755))

    def links(self, places: Sequence[str], target: str) -> Layer:
        """Links at some paths, all to one."""

        def fill(tar: tarfile.TarFile) -> None:
            for place in places:
                _link(tar, place.lstrip("/"), target)

        return self._layer(fill)

    def image(self, layers: Sequence[Layer], settings: Settings) -> str:
        """Write an image of some layers; returns the digest of its manifest."""
        variables = {"PATH": _PATH, **(settings.environment or {})}
        config = {
            "architecture": _architecture(),
            "os": "linux",
            "config": {
                "Env": [f"{name}={value}" for name, value in variables.items()],
                "Entrypoint": list(settings.entrypoint),
                "User": settings.user,
                "WorkingDir": "/",
            },
            "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": _CONFIG, **self._described(json.dumps(config).encode())},
            "layers": [{"mediaType": _LAYER, "digest": layer.digest, "size": layer.size} for layer in layers],
        }
        return str(self._described(json.dumps(manifest).encode())["digest"])

    def blob(self, digest: str) -> Path:
        """Where a blob lies, if it does."""
        return self.folder / digest.removeprefix("sha256:")

    def _described(self, data: bytes) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        write(self.folder / digest, data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    def _layer(self, fill: object) -> Layer:
        assert callable(fill)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
            fill(tar)
        described = self._described(buffer.getvalue())
        return Layer(str(described["digest"]), len(buffer.getvalue()))


def applets_of(busybox: Path) -> list[str]:
    """Names under which a busybox is another program."""
    done = subprocess.run((str(busybox), "--list"), capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split() if name != "busybox"]


def _architecture() -> str:
    import platform

    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def _folder(tar: tarfile.TarFile, name: str, mode: int, owner: tuple[int, int] = (0, 0)) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    entry.uid, entry.gid = owner
    tar.addfile(entry)


def _file(tar: tarfile.TarFile, name: str, data: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.mode, entry.size = mode, len(data)
    tar.addfile(entry, io.BytesIO(data))


def _link(tar: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    tar.addfile(entry)
