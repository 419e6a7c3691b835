"""Which of Vault's values a workload's containers have read: what they said of it, against what Vault holds.

A stand-in writes into its log the digest of everything it has read as its application would (`lab-read DIGEST HOW`),
at its start and whenever a file of it is another one, and closes each of these readings by `lab-read-all`.
What a container had read before the plan it must have read in each reading ever after.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from .commands import said
from .eyes import Eyes

_EVERY = 10.0
_WORD, _ALL = "lab-read ", "lab-read-all"
Instance = tuple[str, str, int]
"""Name of a pod, of its container, and how often the pod's containers were restarted."""


class Values:
    """What one workload reads. Names of values are `PATH#KEY`."""

    def __init__(self, eyes: Eyes) -> None:
        self.eyes, self.seen = eyes, eyes.seen
        self.held: dict[str, str] = {}
        """Digest of each value that Vault holds."""
        self.moved: list[str] = []
        self.before: dict[str, set[str]] = {}
        """What each container read before the plan."""
        self.read: dict[Instance, list[set[str]]] = {}
        """Digests of each whole reading."""
        self._lived: set[Instance] = set()

    def values(self) -> None:
        """Ask every container again and again, and each new one at once."""
        known: set[Instance] = set()
        waited = _EVERY
        while not self.eyes.children.over.wait(0.5):
            waited += 0.5
            now = {one for one, up in self._instances() if up}
            if waited >= _EVERY or now - known:
                self.ask()
                known, waited = now, 0.0

    def ask(self) -> None:
        """Read the logs of all containers there are."""
        for one, up in list(self._instances()):
            self._lived |= {one} if up else set()
            found = said("kubectl", "-n", self.eyes.namespace, "logs", one[0], "-c", one[1])
            if readings := list(whole(found)):
                self.read[one] = readings

    def _instances(self) -> Iterator[tuple[Instance, bool]]:
        for pod in list(self.seen.pods.values()):
            yield from (((pod.name, name, pod.restarts), pod.up) for name in pod.containers)

    def wrong(self) -> Iterator[str]:
        """What is not as it should be now."""
        if not self.eyes.settings["values"]:
            return
        self.ask()
        self._ask_vault()
        yield from self.moved
        if not self.before:
            self.before = self._first()
        if not any(self.before.values()):
            yield f"nothing that Vault holds is seen to be read by {self.eyes.settings['deployment']}"
        for one in sorted({*self._lived, *self.read}):  # a job may have read and gone before anybody saw it live
            yield from self._instance(one, self.before.get(one[1], set()))

    def unshown(self) -> list[str]:
        """Values that it may read and that no container shows: in another form, or by a program that tells nothing."""
        return sorted(set(self.held) - {name for names in self.before.values() for name in names})

    def _instance(self, one: Instance, wanted: set[str]) -> Iterator[str]:
        if not wanted:
            return
        if one not in self.read:
            yield f"what {one[0]}/{one[1]} has read is not known"
        for digests in self.read.get(one, []):
            missing = sorted(name for name in wanted if self.held.get(name) not in digests)
            if missing:
                yield f"{one[0]}/{one[1]} has not read {', '.join(missing)} as Vault holds it"

    def _first(self) -> dict[str, set[str]]:
        """What every container of a name has read by now; empty while one of them tells nothing."""
        found: dict[str, set[str]] = {}
        for one, _ in self._instances():
            if one in self.read:
                names = {name for name, digest in self.held.items() if digest in self.read[one][-1]}
                found[one[1]] = found.get(one[1], names) & names
        return found if any(found.values()) else {}

    def _ask_vault(self) -> None:
        for path in self.eyes.settings["values"]:
            found = json.loads(said("vault", "read", "-format=json", path) or "{}").get("data") or {}
            for key, value in (found["data"] if "metadata" in found else found).items():
                name, digest = f"{path}#{key}", hashlib.sha256(str(value).encode()).hexdigest()
                if self.held.setdefault(name, digest) != digest:
                    self.moved.append(f"Vault holds another value at {name}")
                    self.held[name] = digest


def whole(log: str) -> Iterator[set[str]]:
    """Every reading that a container's log has, to its end."""
    digests = set[str]()
    for line in log.splitlines():
        if line.startswith(_WORD):
            digests.add(line.split()[1])
        elif line == _ALL:
            yield digests
            digests = set()
