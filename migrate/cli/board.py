"""`migrate board`: a page that shows runs, gates, soaks, verdicts and the flow of secrets. Read-only, on loopback."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.cli.place import EstateOption, WorldOption

if TYPE_CHECKING:
    from migrate.cli.place import Place

Pages = dict[str, tuple[str, Callable[[], str]]]
"""What is served: by path, its media type and what makes it."""


def register(app: typer.Typer) -> None:
    """Add the verb to the command table."""
    app.command("board")(board)


def board(
    estate: EstateOption = None,
    world: WorldOption = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any that is free.")] = 0,
) -> None:
    """Serve a read-only page over the runs of an estate, until interrupted. Only this machine can reach it.

    The address holds a random word: who does not know it sees nothing.
    """
    from migrate.cli.place import place
    from migrate.views.console import say

    server = serving(pages(place(estate, world)), secrets.token_urlsafe(16), port)
    say(f"http://127.0.0.1:{server.server_address[1]}/{server.word}/", "open it here; Ctrl-C ends it")
    with server:
        server.serve_forever()


def pages(where: Place) -> Pages:
    """The page and the status as JSON. The tree is read once; runs are looked at anew for each request."""
    import json

    from migrate.cli.scan import take
    from migrate.cli.status import Sight, standings
    from migrate.engine.overview import behind
    from migrate.views import board as view
    from migrate.views.status import status_json

    inventory = take(where.estate).inventory
    sight = Sight(where)

    def page() -> str:
        run = sight.run()
        return view.page(sight.screen(), behind(run) if run else (), inventory)

    def status() -> str:
        return json.dumps(status_json(str(where.estate), where.world_name, standings(where)))

    return {"": ("text/html; charset=utf-8", page), "status.json": ("application/json", status)}


class Board(ThreadingHTTPServer):
    """A server on loopback that gives its pages to who knows the word, and takes nothing."""

    daemon_threads = True

    def __init__(self, port: int, word: str, shown: Pages) -> None:
        self.word, self.shown = word, shown
        super().__init__(("127.0.0.1", port), _Handler)


def serving(shown: Pages, word: str, port: int) -> Board:
    """A board that listens and does not answer yet. Raises OSError where the port is taken."""
    return Board(port, word, shown)


class _Handler(BaseHTTPRequestHandler):
    """GET, and nothing else."""

    server_version, sys_version = "migrate", ""

    def do_GET(self) -> None:
        board = self.server
        assert isinstance(board, Board)
        _, _, rest = self.path.partition("/")
        word, _, name = rest.partition("/")
        # A page elsewhere may point its own name at this address: only our own names are answered.
        host = (self.headers.get("Host") or "").partition(":")[0]
        known = secrets.compare_digest(word.encode(), board.word.encode()) and host in {"127.0.0.1", "localhost"}
        if not known or name not in board.shown:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        media, make = board.shown[name]
        body = make().encode("utf-8", "backslashreplace")
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Addresses hold the word: none is logged."""
