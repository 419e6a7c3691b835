"""The lab's Grafana with what the agent writes: in at every moment, through renewals and a change of authority."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import pytest

from migrate.lab import build
from migrate.stores.vault.certificates import authorities
from migrate.targets.hba import by_certificate
from migrate.targets.pki import client_role
from tests.contract.mutual import LOGIN, OWNER, Mutual, mutual, new_authority, until
from tests.contract.servers import free_port, missing, running

pytestmark = [pytest.mark.lab(level="vault"), pytest.mark.timeout(600)]

NAME = "localhost"
SHORT = client_role(LOGIN, 30) | {"not_before_duration": 1}


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Mutual]:
    """Both servers, after the expand stage; PostgreSQL bears a name that this machine knows."""
    if why := missing() or ("" if "lab-grafana" in build.binaries() else "lab-grafana is not built"):
        pytest.skip(why)
    with running(tmp_path) as servers:
        made = mutual(tmp_path, servers)
        made.certify(NAME)
        made.admit(by_certificate(LOGIN, OWNER), "hostssl all all all scram-sha-256")
        for step in made.steps:
            made.bench.take(step)
        assert made.api.ask("post", f"pki/roles/{made.role}", SHORT).ok
        yield made


@dataclass
class Grafana:
    """A process that is started again whenever it ends, as in a pod, and asked all along who it is."""

    found: Mutual
    files: Path
    starts: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        port, over = free_port(), Event()
        threads = [Thread(target=one, args=(port, over), daemon=True) for one in (self._run, self._ask)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            with suppress(OSError, ValueError):
                os.kill(int((self.found.folder / "pid").read_text()), 9)
            for thread in threads:
                thread.join(30)

    def _run(self, port: int, over: Event) -> None:
        place = self.files
        settings = {
            "TYPE": "postgres", "HOST": f"{NAME}:{self.found.servers.port}", "NAME": OWNER, "USER": LOGIN,
            "SSL_MODE": "verify-full", "CA_CERT_PATH": str(place / "db-authorities.pem"),
            "CLIENT_CERT_PATH": str(place / "db-client.pem"), "CLIENT_KEY_PATH": str(place / "db-client.pem"),
        }  # fmt: skip
        environment = {f"GF_DATABASE_{key}": value for key, value in settings.items()}
        environment |= {
            "GF_SERVER_HTTP_PORT": str(port),
            "GF_SERVER_HTTP_ADDR": "127.0.0.1",
            "GF_PATHS_CONFIG": "/none",
        }
        with (self.found.folder / "grafana.log").open("a") as log:
            while not over.is_set():
                child = subprocess.Popen(
                    [str(build.binaries()["lab-grafana"])], env=environment, stdout=log, stderr=log
                )
                (self.found.folder / "pid").write_text(str(child.pid))
                self.starts += 1
                child.wait()
                over.wait(0.2)

    def _ask(self, port: int, over: Event) -> None:
        while not over.wait(0.1):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/whoami", timeout=6) as answer:
                    said = json.load(answer)
                    self.answered[f"{said['session_user']}|{said['current_user']}"] += 1
            except urllib.error.HTTPError as error:
                self.failed.append(error.read().decode())
            except (OSError, ValueError):
                continue  # it has just ended, and is about to be there again

    def serials(self) -> set[str]:
        """The certificates that its sessions show."""
        query = "select distinct client_serial from pg_stat_ssl join pg_stat_activity using (pid) where usename = "
        return {str(serial) for (serial,) in self.found.servers.sql(f"{query} '{LOGIN}'")}

    def comes_again(self) -> None:
        """Until it was asked some more, and answered."""
        asked = self.answered.total()
        until(lambda: self.answered.total() > asked + 20)


@contextmanager
def at_work(found: Mutual) -> Iterator[Grafana]:
    with found.agent(found.folder / "files", restarts=found.folder / "pid") as files:
        grafana = Grafana(found, files)
        with grafana.running():
            until(lambda: grafana.answered.total() > 0)
            yield grafana
    assert grafana.failed == []
    assert set(grafana.answered) == {f"{LOGIN}|{OWNER}"}


@pytest.mark.proof
def test_it_is_in_through_every_renewal_and_restarted_for_each(found: Mutual) -> None:
    with at_work(found) as grafana:
        for _ in range(2):
            before = grafana.serials()
            until(lambda before=before: bool(grafana.serials() - before))  # type: ignore[misc]
        assert grafana.starts >= 3


def test_it_is_in_while_the_authority_is_rotated(found: Mutual) -> None:
    with at_work(found) as grafana:
        one, starts = authorities(found.api, "pki"), grafana.starts
        two = new_authority(found.api, "two")
        until(lambda: (grafana.files / "db-authorities.pem").read_text().count("BEGIN CERTIFICATE") == 2)
        until(lambda: grafana.starts > starts)
        found.trust(authorities(found.api, "pki"))
        grafana.comes_again()

        assert found.api.ask("post", "pki/config/issuers", {"default": two}).ok
        before = grafana.serials()
        until(lambda: bool(grafana.serials()) and not before & grafana.serials())
        found.certify(NAME)
        grafana.comes_again()

        found.trust(authorities(found.api, "pki").replace(one, ""))
        until(lambda: bool(grafana.serials()))
        grafana.comes_again()
