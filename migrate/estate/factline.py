"""File facts as one line of text and back: the form in which they cross processes and are kept between
scans.

JSON and nothing cleverer: a line may come from a file that somebody else had in hands, and reading it
must not be able to do anything but fail.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from migrate.estate.facts import Container, Facts, Failed, FileFacts, Skipped, Use

_ENCODE = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def encode(facts: FileFacts) -> str:
    """One line of ASCII. Facts nested too deeply for JSON become a failure that says so."""
    try:
        return _ENCODE(facts)
    except RecursionError:
        return _ENCODE(FileFacts(facts.file, False, (), None, Failed(facts.file, 1, "nested too deeply to be kept")))


class Decoder:
    """Reads lines. Keeps one copy of each repeated string: a large tree has few words, many times."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}

    def decode(self, line: str) -> FileFacts:
        """The facts of a line. Raises ValueError if it is not one that `encode` wrote."""
        try:
            path, parsed, objects, skipped, failed = json.loads(line)
            return FileFacts(
                str(path),
                bool(parsed),
                tuple([self._object(item) for item in objects]),
                Skipped(*skipped) if skipped else None,
                Failed(*failed) if failed else None,
            )
        except (TypeError, RecursionError, AttributeError) as error:
            raise ValueError("not a line of facts") from error

    def _object(self, item: list[Any]) -> Facts:
        file, document, line, api, kind, namespace, name, labels, notes, uses, containers, account, *rest = item
        word = self._word
        workload, spec, texts = rest
        return Facts(
            word(file),
            document,
            line,
            word(api),
            word(kind),
            word(namespace),
            name,
            self._pairs(labels),
            self._pairs(notes),
            tuple([self._use(use, word) for use in uses]) if uses else (),
            tuple([Container(*container) for container in containers]) if containers else (),
            word(account),
            workload,
            spec,
            texts,
        )

    def _use(self, item: list[Any], word: Callable[[str], str]) -> Use:
        secret, namespace, how, pointer, container, keys, variable, whole, file = item
        return Use(
            word(secret),
            word(namespace),
            word(how),
            word(pointer),
            word(container),
            tuple(keys),
            variable,
            whole,
            word(file),
        )

    def _pairs(self, items: list[list[str]]) -> tuple[tuple[str, str], ...]:
        return tuple([(self._word(key), self._word(value)) for key, value in items]) if items else ()

    def _word(self, text: str) -> str:
        return self._words.setdefault(text, text)
