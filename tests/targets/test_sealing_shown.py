"""What a plan shows of the job that works on rows: the reader sees what is read, asked and written before a yes."""

from __future__ import annotations

from migrate.model.change import Change, Doc, Irreversible
from migrate.model.json import Json
from migrate.targets.columns import Columns, batches

COLUMNS = Columns("notes", "public", "entries", "body", "body_sealed")
JOB: dict[str, Json] = {"key": "id", "with": "transit/keys/mig-apps-memo", "batch": 200, "rate": 1000}


def change_of(kind: str) -> Change:
    target = COLUMNS.target("sealing") if kind == "sealing" else COLUMNS.rewrapped(3)
    before, after = (Doc({"complete": complete, **JOB}) for complete in (False, True))
    return Change(target, before, after, undo=Irreversible("ciphertext stays", compensates=None))


def test_sealing_reads_the_plaintext_that_has_no_ciphertext_and_writes_only_rows_that_are_as_read() -> None:
    read, asked, written = batches(change_of("sealing"))
    assert read == (
        "SELECT id, xmin, body FROM public.entries "
        "WHERE body IS NOT NULL AND body_sealed IS NULL ORDER BY id LIMIT 200;"
    )
    assert asked == "POST transit/encrypt/mig-apps-memo"
    assert "SET body_sealed" in written
    assert "where id and xmin are what was read" in written


def test_rewrapping_never_reads_the_plaintext() -> None:
    lines = batches(change_of("rewrapped"))
    assert "POST transit/rewrap/mig-apps-memo" in lines
    assert "body_sealed bears a version of the key below 3" in lines[0]
    assert not any(" body " in line or " body," in line for line in lines)
