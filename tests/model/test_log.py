"""Hash-chained records: what is torn is forgotten, what is changed is found."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migrate.model.log import GENESIS, Broken, Event, Newer, Whole, line, read, sealed


def chain(count: int) -> list[Event]:
    events, previous = list[Event](), GENESIS
    for number in range(count):
        events.append(sealed(number, "2026-01-01T00:00:00+00:00", "step.intent", {"step": f"s{number} é"}, previous))
        previous = events[-1].hash
    return events


def written(count: int) -> bytes:
    return b"".join(line(event) for event in chain(count))


def test_records_read_back_as_they_were_written() -> None:
    assert read(written(3)) == Whole(tuple(chain(3)), len(written(3)), torn=False)
    assert read(b"") == Whole((), 0, torn=False)


def test_a_record_that_only_lacks_the_end_of_its_line_is_believed() -> None:
    data = written(3)
    for ending in (b"", b"x", b" "):
        assert read(data[:-1] + ending) == Whole(tuple(chain(3)), len(data) - (1 if ending != b" " else 0), torn=True)


@given(cut=st.integers(2, 60))
def test_a_torn_last_line_was_never_promised(cut: int) -> None:
    data, two = written(3), written(2)
    found = read(data[: len(data) - cut])
    assert found == Whole(tuple(chain(2)), len(two), torn=True)


@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_never_believed(place: float, bit: int) -> None:
    data = bytearray(written(4))
    data[int(place * len(data))] ^= 1 << bit
    match read(bytes(data)):
        case Whole(events, _, torn):
            # Only the very last end of line can go unnoticed, and its record is believed all the same.
            assert torn
            assert list(events) == chain(4)
        case Broken(events, number, _):
            assert list(events) == chain(4)[: len(events)]
            assert number <= 4
        case Newer():
            assert place < 0.25


def test_a_missing_line_breaks_the_chain() -> None:
    lines = written(3).splitlines(keepends=True)
    assert isinstance(read(lines[0] + lines[2]), Broken)


def test_a_newer_journal_is_left_alone() -> None:
    assert read(written(2).replace(b"journal/v1", b"journal/v2")) == Newer("migrate.journal/v2")
