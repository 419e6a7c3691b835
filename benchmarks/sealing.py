"""What the re-encryption job costs: rows a second beside a bare loop of the very same calls, on real servers.

Bare: select so many rows by their key, one encrypt request, one update by key, again; no guard, no second pass, no
trigger, no pace. The job writes a row only where it is as it was read, past the guard's trigger. Both in one run, on
the same servers and rows, in turns.
"""

from __future__ import annotations

import tempfile
import time
from base64 import b64encode
from pathlib import Path
from statistics import median

import psycopg

from migrate.model.json import items
from migrate.model.ports import Written
from tests.contract.sealing import Sealed, sealed
from tests.contract.servers import missing, running

ROWS, BATCH, ROUNDS = 20_000, 200, 3
_READ = "select id, body from entries where id > %s and body is not null order by id limit %s"
_WRITE = (
    "update entries t set body_sealed = new.sealed from unnest(%s::bigint[], %s::text[]) as new(id, sealed) "
    "where t.id = new.id"
)


def bare(notes: Sealed) -> float:
    """Seconds of the shortest loop that does the same to every row."""
    began, vault, last = time.perf_counter(), notes.vault, 0
    path = f"{notes.mount}/encrypt/{notes.key.name}"
    with psycopg.connect(notes.servers.dsn, dbname=notes.columns.database, autocommit=True) as connection:
        while rows := connection.execute(_READ, (last, BATCH)).fetchall():
            batch = [{"plaintext": b64encode(body.encode()).decode()} for _, body in rows]
            found = items(vault.ask("post", path, {"batch_input": batch}).data["batch_results"])
            connection.execute(_WRITE, ([key for key, _ in rows], [one["ciphertext"] for one in found]))
            last = rows[-1][0]
    return time.perf_counter() - began


def job(notes: Sealed) -> float:
    """Seconds of the step as the engine takes it."""
    began = time.perf_counter()
    assert isinstance(notes.write(notes.fill(batch=BATCH)), Written)
    return time.perf_counter() - began


def _empty(notes: Sealed, *, guarded: bool) -> None:
    """Every row as it was before, and no dead ones from the round before."""
    notes.sql("set migrate.job = 'on'; update entries set body_sealed = null")
    notes.sql("vacuum analyze entries")
    notes.sql(f"alter table entries {'enable' if guarded else 'disable'} trigger {notes.columns.guard}")


def main() -> None:
    """Print rows a second of both."""
    if why := missing():
        raise SystemExit(why)
    seconds: dict[str, list[float]] = {"bare": [], "job": []}
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as servers, sealed(servers, ROWS) as notes:
        notes.ready()
        for _ in range(ROUNDS):
            _empty(notes, guarded=False)
            seconds["bare"].append(bare(notes))
            _empty(notes, guarded=True)
            seconds["job"].append(job(notes))
    for name, found in seconds.items():
        rates = sorted(round(ROWS / one) for one in found)
        print(f"{name:<5} {ROWS / median(found):>8,.0f} rows/s   ({rates[0]:,} to {rates[-1]:,} in {ROUNDS} rounds)")
    print(f"job / bare: {median(seconds['bare']) / median(seconds['job']):.2f}   ({ROWS:,} rows, {BATCH} in a batch)")


if __name__ == "__main__":
    main()
