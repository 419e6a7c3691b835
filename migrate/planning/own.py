"""Phases of one's own: a folder with phase files, and beside them the operations that only these use.

An operation is a Python file of the operation's name with a function of that name, as in `migrate/operations`. It is
run when a phase is planned, so a folder is only read where somebody named it, and never found by itself.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from migrate.model.errors import Failed, Refused
from migrate.operations.catalogue import OPERATIONS
from migrate.operations.wish import Operation, works_on
from migrate.planning.phases import Phase, all_phases, parse_phase


def own_phases(folder: Path) -> list[Phase]:
    """The phases of a folder, by name.

    Raises Failed where there is none or a file is not what it should be, Refused where a name is taken.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise Failed(f"{folder} holds no phase", following="name a folder with phase files: docs/how-to/own-phases")
    operations = dict(_operations(folder))
    found = [parse_phase(path.stem, path.read_bytes(), operations) for path in files]
    for path, phase in zip(files, found, strict=True):
        if phase.name != path.stem:
            raise Failed(f"{path} calls itself {phase.name}", following="file and phase have one name")
    if taken := sorted({phase.name for phase in found} & {phase.name for phase in all_phases()}):
        raise _taken(folder, "phase", taken)
    return found


def _operations(folder: Path) -> Iterator[tuple[str, Operation]]:
    names = {path.stem.replace("_", "-"): path for path in sorted(folder.glob("*.py")) if path.stem != "__init__"}
    if taken := sorted(names.keys() & OPERATIONS.keys()):
        raise _taken(folder, "operation", taken)
    for name, path in names.items():
        yield name, _operation(path)


def _operation(path: Path) -> Operation:
    module = _loaded(path)
    found = getattr(module, path.stem, None)
    if not inspect.isfunction(found):
        raise Failed(f"{path} has no function {path.stem}", following="an operation is a function of its file's name")
    try:
        works_on(found)
    except TypeError as error:
        raise Failed(f"{path}: {error}", following="annotate its first parameter: subject: LoginSubject") from error
    return found


def _loaded(path: Path) -> ModuleType:
    name = f"migrate_own_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # annotations are looked up there
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # somebody's own code: whatever it raises is theirs to see, and no fault of this tool
        raise Failed(f"{path} cannot be loaded: {type(error).__name__}: {error}", following="correct it") from error
    return module


def _taken(folder: Path, what: str, names: list[str]) -> Refused:
    return Refused(
        f"{folder}: {what} {', '.join(names)} is this tool's own",
        truth="a plan that names it must mean one thing everywhere",
        undone="nothing was read further",
        following="choose another name",
    )
