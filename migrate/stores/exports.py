"""Writes an export into a folder, and never mixes two: what an earlier export wrote goes first, all else is kept.

`export.json` in the folder lists what was written, with a digest each. A file that is not listed, or is no longer as
it was written, is somebody's: it is neither overwritten nor deleted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from migrate.model.errors import Failed, Refused
from migrate.model.json import Json, mapping

SCHEMA = "migrate.export/v1"
LIST = "export.json"


def write_export(folder: Path, files: Mapping[str, bytes], plan: str) -> None:
    """After it returns the folder holds these files, `export.json`, and what was never ours.

    Raises Refused, having written nothing, where the folder holds something that an export did not write and that
    stands in the way; Failed where it cannot be read or written.
    """
    try:
        old = _earlier(folder)
        _refuse_foreign(folder, old, files)
        for name in old:
            (folder / name).unlink(missing_ok=True)
        _remove_empty(folder, old)
        listed: Json = {name: _digest(data) for name, data in sorted(files.items())}
        text = json.dumps({"schema": SCHEMA, "plan": plan, "files": listed}, indent=2) + "\n"
        # The list first: an export cut short is then known as ours, and the next one clears it away.
        for name, data in [(LIST, text.encode()), *files.items()]:
            _write(folder / name, data)
    except OSError as error:
        raise Failed(
            f"{error.filename or folder}: {error.strerror or type(error).__name__}",
            following="name a folder that can be written to",
        ) from error


def _earlier(folder: Path) -> dict[str, str]:
    """What an earlier export wrote here: digests by name. Empty for a folder that is not there or is empty."""
    if not folder.exists() or not any(folder.iterdir()):
        return {}
    try:
        listed = mapping(json.loads((folder / LIST).read_bytes()))
    except FileNotFoundError:
        raise _foreign(folder, "it is not empty, and no export was written there") from None
    except ValueError:
        raise _foreign(folder, f"its {LIST} is not what an export writes") from None
    names = mapping(listed.get("files"))
    if listed.get("schema") != SCHEMA or not all(_inside(name) for name in names):
        raise _foreign(folder, f"its {LIST} is not what an export writes")
    return {name: str(digest) for name, digest in names.items()}


def _inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and name not in {"", "."}


def _refuse_foreign(folder: Path, old: dict[str, str], new: Mapping[str, bytes]) -> None:
    changed = [name for name, digest in old.items() if _now(folder / name) not in {None, digest}]
    taken = [name for name in new if name not in old and _now(folder / name) is not None]
    if changed or taken:
        what = f"{', '.join(sorted(changed))} changed since an export wrote it" if changed else ""
        more = f"{', '.join(sorted(taken))} was written by somebody else" if taken else ""
        raise _foreign(folder, "; ".join(filter(None, (what, more))))


def _now(path: Path) -> str | None:
    """The digest of what stands there; a link or a folder is no file of ours, whatever it holds."""
    if path.is_symlink() or path.is_dir():
        return "no file"
    return _digest(path.read_bytes()) if path.exists() else None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _foreign(folder: Path, why: str) -> Refused:
    return Refused(
        f"{folder}: {why}",
        truth="nothing was written or deleted",
        undone="nothing was exported: two plans in one folder would be taken for one",
        following="name an empty folder, or move what is there away",
    )


def _remove_empty(folder: Path, old: dict[str, str]) -> None:
    for parent in sorted({*_parents(old)}, key=lambda path: -len(path.parts)):
        if (folder / parent).is_dir() and not any((folder / parent).iterdir()):
            (folder / parent).rmdir()


def _parents(names: Mapping[str, str]) -> Iterator[PurePosixPath]:
    for name in names:
        yield from (parent for parent in PurePosixPath(name).parents if parent.parts)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(path.name + ".new")
    half.write_bytes(data)
    half.chmod(0o755 if path.suffix == ".sh" else 0o644)
    half.replace(path)
