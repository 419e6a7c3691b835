"""A client that is not ours, on a full lab: psql and openssl with what is in a pod, and nothing else."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from migrate.lab import ports
from migrate.stores.certificates import serial
from tests.labworld import Lab
from tests.live.mutual import AUTHORITIES, CERTIFICATE, Pods
from tests.meanwhile import meanwhile


@dataclass
class Stranger:
    """psql and openssl with a certificate that was copied out of a pod."""

    lab: Lab
    folder: Path
    host: str
    login: str

    def took(self, pods: Pods) -> str:
        """Copy what the agent has written now; the certificate's serial number, as openssl reads it."""
        for name in (CERTIFICATE, AUTHORITIES):
            file = self.folder / name
            file.unlink(missing_ok=True)
            file.touch(0o600)
            file.write_text(pods.file(name))
        return serial(int(self._openssl("-serial").partition("=")[2], 16))

    def lasts(self, seconds: int) -> bool:
        """Whether the certificate that was copied is good for so long."""
        return "will not expire" in self._openssl("-checkend", str(seconds))

    def signed_by(self) -> str:
        """The name of the authority that signed the certificate that was copied."""
        return self._openssl("-issuer").partition("=")[2].strip()

    def _openssl(self, *asked: str) -> str:
        words = ("x509", "-noout", *asked, "-in", str(self.folder / CERTIFICATE))
        return self.lab.run("openssl", *words, check=False).strip()

    def kept(self, pair: str = "") -> dict[str, str]:
        """Settings by which psql shows the present certificate later on too, or that of this pair."""
        file = self.folder / "kept.pem"
        file.touch(0o600)
        file.write_text(pair or (self.folder / CERTIFICATE).read_text())
        return {"PGSSLCERT": str(file), "PGSSLKEY": str(file)}

    def psql(self, **more: str) -> subprocess.CompletedProcess[str]:
        """Who one is and as whom one acts, by verify-full."""
        own = self.folder / CERTIFICATE
        settings = {
            "PGHOST": self.host, "PGHOSTADDR": self.lab.world.address, "PGPORT": str(ports.POSTGRES),
            "PGDATABASE": "grafana", "PGUSER": self.login, "PGSSLMODE": "verify-full", "PGSSLCERT": str(own),
            "PGSSLKEY": str(own), "PGSSLROOTCERT": str(self.folder / AUTHORITIES), "PGPASSFILE": os.devnull,
            "PATH": self.lab.environment["PATH"], "HOME": str(self.folder), "LC_ALL": "C",
        }  # fmt: skip
        words = ("psql", "-XwAtc", "select session_user, current_user")
        return subprocess.run(words, env=settings | more, check=False, capture_output=True, text=True, timeout=60)

    @contextmanager
    def coming_again(self, pods: Pods) -> Iterator[list[str]]:
        """Logs in with what is in the pod, about once a second, until the block ends. Gives what went wrong."""
        self.folder.mkdir()
        wrong, came = list[str](), Counter[str]()

        def come() -> None:
            try:
                self.took(pods)
            except AssertionError:
                return  # its pod has just been replaced: there is nothing to copy
            said = self.psql()
            came[said.stdout.strip()] += 1
            if said.returncode:
                wrong.append(said.stderr)

        with meanwhile(come, 0.5):
            yield wrong
        assert came, "it never came"
