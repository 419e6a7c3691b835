"""A line to a server that breaks once a word has passed: the request arrives, its answer does not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_AMOUNT = 65536


@contextmanager
def cut_after(word: bytes, port: int) -> Iterator[int]:
    """The port of a line to `port`, on loopback. The first time `word` passes, nothing comes back any more."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepting = threading.Thread(target=_accept, args=(listening, word, port), daemon=True)
        accepting.start()
        try:
            yield listening.getsockname()[1]
        finally:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
    accepting.join(10)


def _accept(listening: socket.socket, word: bytes, port: int) -> None:
    lines = list[threading.Thread]()
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            lines.append(threading.Thread(target=_line, args=(client, word, port), daemon=True))
            lines[-1].start()
    for line in lines:
        line.join(10)


def _line(client: socket.socket, word: bytes, port: int) -> None:
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        quiet = threading.Event()
        answers = threading.Thread(target=_answers, args=(server, client, quiet), daemon=True)
        answers.start()
        with suppress(OSError):
            while data := client.recv(_AMOUNT):
                if word in data:
                    quiet.set()
                server.sendall(data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)
        answers.join(10)


def _answers(server: socket.socket, client: socket.socket, quiet: threading.Event) -> None:
    with suppress(OSError):
        while data := server.recv(_AMOUNT):
            if quiet.is_set():
                break
            client.sendall(data)
    with suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)
