"""One changed byte anywhere in a session's records is found, and the first broken link is named."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from migrate.model.json import Json
from migrate.model.log import GENESIS, Event, line, sealed
from migrate.sessions.chain import Chain, looked_over

PLAN = b"the plan"


def log(*entries: tuple[str, dict[str, Json]]) -> list[Event]:
    events = list[Event]()
    for number, (kind, data) in enumerate(entries):
        events.append(sealed(number, f"t{number}", kind, data, events[-1].hash if events else GENESIS))
    return events


@dataclass
class Records:
    """A session with a run, an output and a runbook."""

    files: dict[str, bytes] = field(
        default_factory=lambda: {"evidence/1.txt": b"it said so", "runbook-1.md": b"# Book"}
    )
    run: dict[str, bytes] = field(default_factory=dict)
    log: bytes = b""

    def __post_init__(self) -> None:
        journal = log(("run.opened", {}), ("step.intent", {"step": "a"}))
        self.run = {"plan.json": PLAN, "journal.jsonl": b"".join(map(line, journal))}
        digests = {name: sha256(data).hexdigest() for name, data in self.files.items()}
        anchor: dict[str, Json] = {"run": "r", "plan": sha256(PLAN).hexdigest(), "sequence": 1, "head": journal[1].hash}
        ended: dict[str, Json] = {"file": "evidence/1.txt", "output": digests["evidence/1.txt"]}
        own = log(
            ("session.opened", {"copy": "runbook-1.md", "digest": digests["runbook-1.md"]}),
            ("command.ended", ended | anchor),
            ("session.closed", {"state": "done"}),
        )
        self.log = b"".join(map(line, own))

    def look(self) -> Chain:
        def of_run(run: str, file: str) -> bytes | None:
            return self.run.get(file) if run == "r" else None

        return looked_over(self.log, self.files.get, of_run, lambda data: sha256(data).hexdigest())


def test_records_as_they_were_written_hold() -> None:
    found = Records().look()
    assert found.broken == ()
    assert (found.runs, found.files) == (("r",), 1)


def test_every_changed_byte_of_the_log_is_found() -> None:
    whole = Records().log
    for place in range(len(whole) - 1):
        records = Records()
        records.log = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        assert records.look().broken, place


def test_a_changed_output_is_named_with_its_record() -> None:
    records = Records()
    records.files["evidence/1.txt"] = b"it said no"
    (link,) = records.look().broken
    assert link.record == 2
    assert "evidence/1.txt" in link.text


def test_a_lost_output_a_changed_runbook_and_another_plan_are_found() -> None:
    records = Records()
    del records.files["evidence/1.txt"]
    records.files["runbook-1.md"] += b"!"
    records.run["plan.json"] += b"!"
    assert [link.record for link in records.look().broken] == [1, 2, 2]


def test_a_journal_that_lost_what_the_session_saw_is_found() -> None:
    records = Records()
    records.run["journal.jsonl"] = records.run["journal.jsonl"].split(b"\n")[0] + b"\n"
    (link,) = records.look().broken
    assert "record 1" in link.text
