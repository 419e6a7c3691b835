"""Where it begins: watch until standard input ends.

Each line there (`{"mark": NAME, "expect": {WORKLOAD: {...}}}`) asks what is so now, and is answered by one line.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .commands import Children, Log
from .observer import Observer

_SUMMED = ("pods", "queries", "failed", "failedInGaps", "rotations", "restarts", "certificates", "strangers", "opened")
_LISTED = ("wrong", "gaps", "pauses", "agents")


def joined(mark: str, found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The answers of all observers, by workload, as one.

    `secret`: `there` where each one was, all the time. `absent`: the seconds of each time without a pod, by workload;
    `upAgain`: when the last of them ended, seconds since the epoch.
    """
    answers = list(found.values())
    became = [state for one in answers for state in one["secrets"].values()]
    return {
        "mark": mark,
        "ok": not any(one["wrong"] for one in answers),
        **{name: [each for one in answers for each in one[name]] for name in _LISTED},
        **{name: sum(one[name] for one in answers) for name in _SUMMED},
        "slowest": max((one["slowest"] for one in answers), default=0.0),
        "sessions": {login: count for one in answers for login, count in one["sessions"].items()},
        "secret": next((state for state in ("gone", "changed", "there") if state in became), "never seen"),
        "absent": {name: one["absent"] for name, one in found.items() if one["absent"]},
        "upAgain": {name: round(one["upAgain"], 2) for name, one in found.items() if one["upAgain"]},
        "read": {name: one["read"] for name, one in found.items() if one["read"]},
        "unshown": {name: one["unshown"] for name, one in found.items() if one["unshown"]},
    }


def answers(observers: dict[str, Observer], expect: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What each of them says, by workload; they wait for what should become so at the same time."""
    with ThreadPoolExecutor(max(1, len(observers))) as threads:
        found = threads.map(lambda name: observers[name].answer(expect.get(name, {})), observers)
        return dict(zip(observers, found, strict=True))


def main() -> int:
    """Watch until standard input ends."""
    parser = argparse.ArgumentParser(description="An observer of a rehearsal.")
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    given = parser.parse_args()
    with given.log.open("a") as file:
        log, children = Log(file), Children()
        observers = {one["deployment"]: Observer(one, log, children) for one in json.loads(given.settings.read_text())}
        for one in observers.values():
            one.watch()
        for line in sys.stdin:
            asked = json.loads(line)
            found = joined(asked["mark"], answers(observers, asked.get("expect", {})))
            log.note("mark", **found)
            sys.stdout.write(json.dumps(found) + "\n")
            sys.stdout.flush()
        children.end()
    return 0
