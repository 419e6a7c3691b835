"""A command that is cut short: by Ctrl-C while it starts, by a full disk, by a stream that nobody reads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from migrate.cli.main import run
from migrate.model.errors import Failed, Refused
from migrate.stores.handout import handed_out
from tests.cli.test_session import Call, call  # noqa: F401  the fixture

PROGRAM = "from migrate.cli.main import main; main()"
# Ctrl-C while modules are loaded: the command table is the first thing that takes time.
STARTING = """\
import sys
class Loading:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Loading())
"""
# A disk that is full from the journal's third applied step on.
FULL = """\
import errno
from migrate.stores.journal import Journal
real, seen = Journal.append, []
def append(self, type, data):
    seen.append(type)
    if seen.count("step.applied") == {step}:
        raise OSError(errno.ENOSPC, "No space left on device")
    return real(self, type, data)
Journal.append = append
"""


def typed(words: tuple[str, ...], before: str = "") -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, after what `before` does to it."""
    program = f"{before}import sys; sys.argv[0] = 'migrate'\n{PROGRAM}"
    return subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)


def begun(*words: str) -> subprocess.Popen[str]:
    program = [sys.executable, "-c", PROGRAM, *words]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_ctrl_c_while_it_starts_is_130_and_no_stack_trace() -> None:
    said = typed(("resume", "--world", "/tmp/w"), STARTING)
    assert said.returncode == 130
    assert "Traceback" not in said.stderr
    assert said.stderr.splitlines()[0] == "interrupted"
    assert "next: migrate status --world /tmp/w" in said.stderr


def test_ctrl_c_of_what_only_reads_says_that_nothing_was_changed() -> None:
    said = typed(("scan",), STARTING)
    assert (said.returncode, said.stderr) == (130, "interrupted\n  now: nothing was changed\n")


AT_WORK = """\
import migrate.views.phases as view
def listing(*words, **options):
    raise {what}
view.listing = listing
"""
WRITING = """\
import migrate.cli.place as place
def none(*words):
    raise {what}
place.place = none
"""


def test_ctrl_c_while_a_verb_is_at_work_says_what_is_true_and_what_to_type() -> None:
    said = typed(("phases",), AT_WORK.format(what="KeyboardInterrupt"))
    assert (said.returncode, said.stderr) == (130, "interrupted\n  now: nothing was changed\n")
    said = typed(("resume", "--world", "/tmp/w"), WRITING.format(what="KeyboardInterrupt"))
    assert said.returncode == 130
    assert said.stderr.startswith("interrupted\n  now: what was begun is settled by reading back\n")
    assert "next: migrate status --world /tmp/w" in said.stderr


def test_a_reader_who_went_away_is_no_fault_of_a_verb_that_only_reads() -> None:
    gone = 'BrokenPipeError(32, "Broken pipe")'
    said = typed(("phases",), AT_WORK.format(what=gone))
    assert (said.returncode, said.stderr) == (0, "")
    said = typed(("resume", "--world", "/tmp/w"), WRITING.format(what=gone))
    assert said.returncode == 1
    assert "nobody reads the output any more" in said.stderr
    assert "next: " in said.stderr


def test_the_program_imports_nothing_that_takes_time_before_it_can_be_interrupted() -> None:
    program = "import sys, migrate.cli.main; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"typer", "pydantic", "rich", "migrate.cli.place"} & set(loaded)


def planned(call: Call) -> str:  # noqa: F811
    assert call.do("plan", "phase1", "--world", "../world", "-o", "p.json") == 0
    return str(json.loads(Path("p.json").read_text())["digest"])


def test_a_disk_that_fills_after_a_write_is_6_and_the_run_goes_on(call: Call) -> None:  # noqa: F811
    digest = planned(call)
    said = typed(("apply", "p.json", "--world", "../world", "--approve", digest), FULL.format(step=3))
    assert said.returncode == 6, said.stderr
    assert "No space left on device" in said.stderr
    assert "now: what was written is in the journal" in said.stderr
    assert "not done: nothing further was written" in said.stderr
    assert "migrate resume --world ../world" in said.stderr
    assert call.do("resume", "--world", "../world") == 4, call.out


def test_a_full_disk_in_json_lines_ends_with_a_summary_of_6(call: Call) -> None:  # noqa: F811
    digest = planned(call)
    said = typed(("apply", "p.json", "--world", "../world", "--approve", digest, "--json"), FULL.format(step=1))
    last = json.loads(said.stdout.splitlines()[-1])
    assert (said.returncode, last["exit"], last["ok"]) == (6, 6, False)
    assert last["error"]["notDone"] == "nothing further was written"


def test_a_run_whose_lines_nobody_reads_any_more_is_not_called_done(call: Call) -> None:  # noqa: F811
    digest = planned(call)
    words = ["apply", "p.json", "--world", "../world", "--approve", digest, "--json"]
    with begun(*words) as child:
        assert child.stdout is not None
        while json.loads(child.stdout.readline())["type"] != "step.applied":
            pass  # each line is there when it is written down, and not when the run is over
        child.stdout.close()
        assert child.stderr is not None
        assert "nobody reads the output" in child.stderr.read()
        assert child.wait(60) == 6


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_fault_of_the_command(tmp_path: Path, closed: str) -> None:
    command = f"exec {sys.executable} -c '{PROGRAM}' phases {closed}"
    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "fault" not in said.stderr


def test_a_result_that_cannot_be_written_is_1() -> None:
    command = f"exec {sys.executable} -c '{PROGRAM}' phases > /dev/full"
    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "No space left on device" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_file_that_cannot_be_written_whole_leaves_the_old_one(tmp_path: Path) -> None:
    kept = tmp_path / "p.json"
    kept.write_text("the old plan")

    def half() -> None:
        with handed_out(kept) as stream:
            stream.write("half of the new")
            raise OSError(28, "No space left on device")

    with pytest.raises(Failed) as said:
        half()
    assert "as it was" in said.value.undone
    assert kept.read_text() == "the old plan"
    assert [*tmp_path.iterdir()] == [kept]


def test_a_file_that_is_handed_out_keeps_its_link_and_its_mode(tmp_path: Path) -> None:
    kept, link = tmp_path / "p.json", tmp_path / "link.json"
    kept.write_text("old")
    kept.chmod(0o600)
    link.symlink_to(kept)
    with handed_out(link) as stream:
        stream.write("new")
    assert link.is_symlink()
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == ("new", 0o600)


def test_a_device_is_written_as_it_is() -> None:
    with handed_out(Path(os.devnull)) as stream:
        stream.write("gone")
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize("family", [Failed, Refused])
def test_what_failed_or_was_refused_always_says_that_nothing_was_written(family: type[Failed]) -> None:
    assert family("x").not_done == "nothing was written"
    assert family("x", undone="no plan was made").not_done == "no plan was made"


def test_a_name_that_moves_the_cursor_is_written_out_in_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["show", str(tmp_path / "a\x1b[2Jb.json")]) == 1
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "a\\x1b[2Jb.json" in err


def test_ctrl_c_ends_the_board_with_130(tmp_path: Path) -> None:
    with begun("board", "--estate", str(tmp_path)) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    assert child.returncode == 130, out + err
    assert "Traceback" not in err
