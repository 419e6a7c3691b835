"""The board shows, to whoever was given its address on this machine, and takes nothing."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.cli.board import Board, pages, serving
from migrate.cli.place import place
from tests.cli.browser import needs_browser, shown
from tests.cli.test_session import Call, call, under_way  # noqa: F401  the fixture


@pytest.fixture
def board(call: Call) -> Iterator[Board]:  # noqa: F811
    under_way(call)
    server = serving(pages(place(call.estate, call.folder / "world")), "word", 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def asked(board: Board, path: str, method: str = "GET", host: str = "127.0.0.1") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", board.server_address[1])
    connection.request(method, path, headers={"Host": host})
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def test_it_shows_runs_gates_verdicts_and_the_flow(board: Board) -> None:
    status, page = asked(board, "/word/")
    assert status == 200
    for part in ("phase1-", "held, stage contract", "vault.reach", "passed", "From Vault to the reader", "<svg"):
        assert part in page
    status, text = asked(board, "/word/status.json")
    assert json.loads(text)["schema"] == "migrate.status/v1"


@needs_browser
@pytest.mark.parametrize("width", [360, 1200])
def test_a_browser_shows_it_without_a_fault_and_without_scrolling_sideways(
    board: Board, tmp_path: Path, width: int
) -> None:
    """The picture of the flow scrolls in a frame of its own."""
    _, page = asked(board, "/word/")
    assert shown(page, width, tmp_path) <= width


def test_nobody_sees_anything_without_the_word_or_by_another_name(board: Board) -> None:
    for path, host in (("/", "127.0.0.1"), ("/wrong/", "127.0.0.1"), ("/word/", "evil.example.test")):
        status, page = asked(board, path, host=host)
        assert status == 404
        assert "phase1" not in page


def test_nothing_can_be_done_on_it(board: Board) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert asked(board, "/word/", method)[0] == 501
    assert "<form" not in asked(board, "/word/")[1]


def test_it_listens_on_loopback_only(board: Board) -> None:
    assert board.server_address[0] == "127.0.0.1"
