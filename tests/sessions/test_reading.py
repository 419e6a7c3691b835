"""Markdown means in a runbook what it means on a forge."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migrate.sessions.reading import read_runbook
from migrate.sessions.runbook import Command, Confirm, Gate, Text
from tests.sessions.books import BACK, LOOK, book, fence


def test_a_step_holds_its_text_and_its_parts_in_order() -> None:
    section = (
        "one\nFirst this.\n\n"
        + fence("migrate", "migrate scan .")
        + "\nThen that.\n\n"
        + fence("confirm", "words: go on")
    )
    (step, *_) = read_runbook(book(section, BACK)).steps
    assert [type(block) for block in step.blocks] == [Text, Command, Text, Confirm]


def test_three_ways_to_write_an_id_are_one() -> None:
    for heading in ('## Look <a id="look"></a>', "## Look <!-- #look -->", "## Look {#look}"):
        text = book(LOOK).replace('## Step <a id="look"></a>', heading)
        (step,) = read_runbook(text).steps
        assert (step.id, step.title) == ("look", "Look")


def test_a_command_goes_on_after_a_backslash_and_ends_at_a_comment() -> None:
    text = book("one\n" + fence("migrate exit=0,4", "# first", "migrate plan phase1 \\", "  -o 'my plan' # why"))
    (part,) = read_runbook(text).steps[0].parts
    assert isinstance(part, Command)
    assert part.words == ("plan", "phase1", "-o", "my plan")
    assert part.expect == {0, 4}


def test_a_fence_in_a_list_is_a_part_too() -> None:
    text = book("one\n1. First\n\n   ```gate\n   check: vault.reach\n   ```\n")
    (part,) = read_runbook(text).steps[0].parts
    assert isinstance(part, Gate)


def test_the_way_back_is_no_part_of_the_way_forward() -> None:
    found = read_runbook(book(LOOK, BACK, "rollback-more\nwords"))
    assert [step.id for step in found.forward] == ["look"]
    assert [step.id for step in found.back] == ["rollback", "rollback-more"]


@given(st.text(max_size=400) | st.lists(st.sampled_from(book(LOOK, BACK).split("\n"))).map("\n".join))
def test_no_text_at_all_makes_it_raise(text: str) -> None:
    found = read_runbook(text)
    assert found.faults or found.title
