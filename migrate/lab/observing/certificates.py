"""Logs in to the database with the certificate that a pod has, by psql, again and again: a client that is nobody's.

The files are copied out of the pod each time, so what opens the database is what the application shows, and a renewal
is seen the moment the pod has it. At a mark it is also tried what must not open: no certificate, the old login's name,
another name of the server; and once all is taken back, the last certificate that was copied.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from .commands import clock, said
from .eyes import Eyes
from .seen import LAG, Pod, Rotation

_EVERY = 1.5
_WHO = "select session_user || '|' || current_user"


class Certificates:
    """The certificates of one workload. `logins`: how often one of them has opened the database."""

    def __init__(self, eyes: Eyes) -> None:
        self.eyes, self.seen = eyes, eyes.seen
        self.logins = 0
        self.refused: list[str] = []
        self.known: dict[str, str] = {}
        """By the uid of a pod, the digest of the file that it had last."""
        self.shown = set[str]()
        """Digests of every certificate that was shown."""

    def certificates(self) -> None:
        """Come again and again."""
        while not self.eyes.children.over.wait(_EVERY):
            self.look()

    def look(self) -> None:
        """Copy what each ready pod has now, and log in with it."""
        for uid, pod in list(self.seen.pods.items()):
            if pod.ready and pod.agent and self._copied(uid, pod):
                self._come()

    def wrong(self, wanted: bool | None, before: int) -> Iterator[str]:
        """What is not as it should be now. `wanted`: whether pods show certificates; None for either."""
        if not self.eyes.settings["certificate"] or wanted is None:
            return
        if wanted:
            yield from self._shut_out()
            if self.logins == before:
                yield "nobody has logged in with a pod's certificate since the last mark"
        elif self.shown and not self._psql().returncode:
            yield "a certificate that was copied before still opens the database"

    def _shut_out(self) -> Iterator[str]:
        if not self.shown:
            return
        if not self._psql(PGSSLCERT="", PGSSLKEY="").returncode:
            yield f"{self.eyes.settings['login']} gets in without a certificate"
        if not self._psql(PGUSER=self.eyes.settings["owner"]).returncode:
            yield f"its certificate lets somebody in as {self.eyes.settings['owner']}"
        if "does not match" not in self._psql(PGHOST="elsewhere.example").stderr:
            yield "the server's certificate passes for another name"

    def _come(self) -> None:
        found = self._psql()
        if found.returncode:
            why = found.stderr.strip().splitlines()[-1:] or ["no reason given"]
            self.refused.append(f"psql with a pod's certificate was refused at {clock(time.time())}: {why[0]}")
            self.eyes.log.note("refused", why=why[0])
        elif found.stdout.strip() != "{login}|{role}".format(**self.eyes.settings, **self.eyes.settings["certificate"]):
            self.refused.append(f"psql with a pod's certificate was let in as {found.stdout.strip()}")
        else:
            self.logins += 1

    def _copied(self, uid: str, pod: Pod) -> bool:
        """Whether a pod's certificate and authorities lie here now. Another one than before is a renewal."""
        first, second = self.eyes.settings["certificate"]["files"]
        words = ("kubectl", "-n", self.eyes.namespace, "exec", pod.name, "-c", "vault-agent", "--")
        when, _, pair = said(*words, "sh", "-c", f"stat -c %Y {first} && cat {first}").partition("\n")
        trusted = said(*words, "cat", second)
        if not (when.isdigit() and "CERTIFICATE" in pair and trusted):
            return False  # the pod has just been replaced: there is nothing to copy
        digest = hashlib.sha256(pair.encode()).hexdigest()
        if self.known.get(uid, digest) != digest:
            self.renewed(uid, pod, float(when))
        self.known[uid] = digest
        self.shown.add(digest)
        _write(self._pair, pair)
        _write(self._trusted, trusted)
        return True

    def renewed(self, uid: str, pod: Pod, at: float) -> None:
        """A pod has another certificate since that moment; its restart may have been seen before the file was."""
        restarted = next((one for one in pod.down if one >= at - LAG), None)
        self.seen.rotations.append(Rotation(at, frozenset({uid}), restarted))
        self.eyes.log.note("renewal", login=self.eyes.settings["login"], at=clock(at))

    @property
    def _pair(self) -> Path:
        return Path(os.environ["HOME"]) / "pod.pem"

    @property
    def _trusted(self) -> Path:
        return Path(os.environ["HOME"]) / "authorities.pem"

    def _psql(self, **more: str) -> subprocess.CompletedProcess[str]:
        """Who one is and as whom one acts, with what was copied last, by verify-full."""
        about = self.eyes.settings["certificate"]
        settings = {
            "PGHOST": about["host"], "PGHOSTADDR": os.environ["PGHOST"], "PGDATABASE": about["database"],
            "PGUSER": self.eyes.settings["login"], "PGSSLMODE": "verify-full", "PGSSLCERT": str(self._pair),
            "PGSSLKEY": str(self._pair), "PGSSLROOTCERT": str(self._trusted), "PGPASSFILE": os.devnull, "LC_ALL": "C",
        }  # fmt: skip
        words = ("psql", "-XwAtc", _WHO)
        return subprocess.run(
            words, env={**os.environ, **settings, **more}, capture_output=True, text=True, check=False
        )


def _write(file: Path, text: str) -> None:
    """A file that nobody else may read: libpq refuses others."""
    new = file.with_suffix(".new")
    new.touch(0o600)
    new.write_text(text)
    new.replace(file)
