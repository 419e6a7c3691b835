"""The inventory as one line of text and back, so that a scan of an unchanged tree need not be made twice.

Like `factline`: JSON, because reading it must not be able to do anything but fail. Fields stand in the order in
which `inventory` declares them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from migrate.estate.facts import Container, Failed, Skipped
from migrate.estate.inventory import (
    Bootstrap,
    Datum,
    Files,
    Finding,
    Inventory,
    Reader,
    Reason,
    Secret,
    Store,
    StoreRef,
    VaultKey,
    Wiring,
    Workload,
)

_T = TypeVar("_T")


def encode(inventory: Inventory) -> str:
    """One line of ASCII."""
    return json.dumps(inventory, default=_fields, separators=(",", ":"))


def _fields(value: object) -> list[object]:
    if not is_dataclass(value):
        raise TypeError(type(value).__name__)
    return [getattr(value, field.name) for field in fields(value)]


def decode(line: str) -> Inventory:
    """The inventory of a line. Raises ValueError if it is not one that `encode` wrote."""
    try:
        files, wiring, stores, secrets, workloads, bootstrap, findings = json.loads(line)
        return Inventory(
            files=_files(*files),
            wiring=Wiring(wiring[0], tuple(wiring[1])),
            stores=_all(stores, Store),
            secrets=_all(secrets, _secret),
            workloads=_all(workloads, _workload),
            bootstrap=_all(bootstrap, Bootstrap),
            findings=_all(findings, Finding),
        )
    except (TypeError, IndexError, RecursionError) as error:
        raise ValueError("not a line of an inventory") from error


def _all(items: list[list[Any]], make: Callable[..., _T]) -> tuple[_T, ...]:
    return tuple([make(*item) for item in items])


def _files(seen: int, parsed: int, skipped: list[list[Any]], failed: list[list[Any]]) -> Files:
    return Files(seen, parsed, _all(skipped, Skipped), _all(failed, Failed))


def _secret(*values: Any) -> Secret:
    named = dict(zip(_SECRET, values, strict=True))
    named["store"] = StoreRef(*named["store"])
    named["data"] = _all(named["data"], _datum)
    named["readers"] = _all(named["readers"], _reader)
    named["reasons"] = _all(named["reasons"], _reason)
    return Secret(**named)


def _datum(key: str, vault: list[Any], *rest: Any) -> Datum:
    return Datum(key, VaultKey(*vault), *rest)


def _reader(*values: Any) -> Reader:
    named = dict(zip(_READER, values, strict=True))
    named["keys"] = tuple(named["keys"])
    named["pod"] = Container(*named["pod"]) if named["pod"] else None
    return Reader(**named)


def _reason(code: str, text: str, reader: list[Any] | None) -> Reason:
    return Reason(code, text, _reader(*reader) if reader else None)


def _workload(*values: Any) -> Workload:
    named = dict(zip(_WORKLOAD, values, strict=True))
    named["secrets"] = tuple(named["secrets"])
    named["containers"] = _all(named["containers"], Container)
    return Workload(**named)


_SECRET, _READER, _WORKLOAD = (tuple(field.name for field in fields(kind)) for kind in (Secret, Reader, Workload))
