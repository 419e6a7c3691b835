"""File facts as one line of text and back: the form in which they cross processes and are kept between
scans.

JSON and nothing cleverer: a line may come from a file that somebody else had in hands, and reading it
must not be able to do anything but fail.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from migrate.estate.facts import Container, Facts, Failed, Fetched, FileFacts, Injection, Skipped, Use
from migrate.model.json import Json

_ENCODE = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def encode(facts: FileFacts) -> str:
    """One line of ASCII. Facts nested too deeply for JSON become a failure that says so."""
    try:
        return _ENCODE(facts)
    except RecursionError:
        return _ENCODE(FileFacts(facts.file, False, (), None, Failed(facts.file, 1, "nested too deeply to be kept")))


_WORDS_KEPT = 8_192


class Decoder:
    """Reads lines. Keeps one copy of each string that stands in files near each other.

    100,000 files have few words, many times; without this their facts take twice the memory. Names differ from
    folder to folder, so the words known are forgotten now and then rather than gathered for ever.
    """

    def __init__(self) -> None:
        self._words: dict[object, Any] = {}

    def decode(self, line: str, path: str) -> FileFacts:
        """The facts of the file at `path`. Raises ValueError if the line is not one that `encode` wrote for it."""
        if len(self._words) > _WORDS_KEPT:
            self._words.clear()
        try:
            file, parsed, objects, skipped, failed = json.loads(line)
            if file != path:
                raise ValueError("the facts of another file")
            return FileFacts(
                path,
                bool(parsed),
                tuple([self._object(item, path) for item in objects]),
                Skipped(*skipped) if skipped else None,
                Failed(*failed) if failed else None,
            )
        except (TypeError, RecursionError, AttributeError) as error:
            raise ValueError("not a line of facts") from error

    def _object(self, item: list[Any], path: str) -> Facts:
        _, document, line, api, kind, namespace, name, labels, notes, uses, containers, account, *rest = item
        word = self._word
        workload, spec, texts, injections = rest
        return Facts(
            path,
            document,
            line,
            word(api),
            word(kind),
            word(namespace),
            word(name),
            self._pairs(labels),
            self._pairs(notes),
            tuple([self._use(use, word) for use in uses]) if uses else (),
            tuple([Container(word(one[0]), *one[1:]) for one in containers]) if containers else (),
            word(account),
            workload,
            spec if spec is None else self._json(spec),
            texts,
            tuple([_injection(one) for one in injections]) if injections else (),
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
        if not items:
            return ()
        pairs = tuple([(self._word(key), self._word(value)) for key, value in items])
        known: tuple[tuple[str, str], ...] = self._words.setdefault(pairs, pairs)
        return known

    def _json(self, value: Json) -> Json:
        if isinstance(value, str):
            return self._word(value)
        if isinstance(value, dict):
            return {self._word(key): self._json(child) for key, child in value.items()}
        return [self._json(child) for child in value] if isinstance(value, list) else value

    def _word(self, text: str) -> str:
        known: str = self._words.setdefault(text, text)
        return known


def _injection(item: list[Any]) -> Injection:
    pointer, role, files, fetched, elsewhere, file = item
    read = tuple([Fetched(path, tuple(keys)) for path, keys in fetched])
    return Injection(pointer, role, tuple(files), read, tuple(elsewhere), file)
