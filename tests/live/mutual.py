"""What phase 3 meets on a full lab: PostgreSQL as whoever runs it sees it, and Grafana's pods."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.x509 import DNSName, IPAddress, SubjectAlternativeName, load_pem_x509_certificate

from migrate.lab import ports
from migrate.lab.web import Unwelcome
from migrate.model.json import Json
from migrate.stores.certificates import serial
from migrate.stores.vault.api import Api
from migrate.stores.vault.certificates import authorities
from tests.contract.mutual import lists
from tests.labworld import Lab, until
from tests.live.operator import TRUSTED
from tests.meanwhile import meanwhile

CERTIFICATE, AUTHORITIES = "db-client.pem", "db-authorities.pem"


@dataclass
class Server:
    """The lab's PostgreSQL, as whoever runs it sees it."""

    lab: Lab
    trusted: Path

    @property
    def data(self) -> Path:
        return self.lab.world.data("disk", "postgres")

    @property
    def rules(self) -> str:
        """Its pg_hba.conf, byte by byte."""
        return (self.data / "pg_hba.conf").read_text()

    def sql(self, *statements: str) -> str:
        words = [word for statement in statements for word in ("-c", statement)]
        place = f"dbname=postgres sslrootcert={self.trusted}"
        return self.lab.run("psql", "-X", "-A", "-t", "-d", place, *words, check=False).strip()

    def reload(self) -> None:
        """Have it read its files again, and wait until it has."""
        before = self.sql("select pg_conf_load_time()")
        self.sql("select pg_reload_conf()")
        until("a reload", lambda: self.sql("select pg_conf_load_time()") != before)

    def given(self, setting: str, text: str) -> None:
        """A file of its own with this text, named by that setting."""
        (self.data / f"{setting}.pem").write_text(text)
        self.sql(f"alter system set {setting} = '{setting}.pem'")
        self.reload()

    @property
    def shown(self) -> tuple[str, str]:
        """The certificate that it shows, and its key."""
        certificate, key = (self.lab.world.credential(f"postgres.{kind}").read_text() for kind in ("crt", "key"))
        return certificate, key

    def shows(self, pair: tuple[str, str]) -> None:
        """Another certificate and its key in the place of those."""
        for kind, text in zip(("crt", "key"), pair, strict=True):
            self.lab.world.credential(f"postgres.{kind}").write_text(text)
        self.reload()

    def trusts(self, api: Api, *but: str) -> None:
        """Clients of every authority of the mount but these (in PEM), and their lists; administrators trust all."""
        every = authorities(api, "pki")
        self.trusted.write_text(every)
        for one in but:
            every = every.replace(one, "")
        self.given("ssl_ca_file", every)
        self.given("ssl_crl_file", lists(api))

    def serials(self) -> set[str]:
        """The certificates that sessions show."""
        asked = "select distinct client_serial from pg_stat_ssl where client_serial is not null"
        return {serial(int(one)) for one in self.sql(asked).split()}

    @property
    def cluster(self) -> dict[str, Any]:
        """The database operator's object, as Flux applied it."""
        (found,) = until("the database operator's object", self._clusters, 300)
        return dict(found)

    def _clusters(self) -> list[dict[str, Any]]:
        try:
            listed = self.lab.get("/apis/postgres-operator.crunchydata.com/v1beta1/postgresclusters")
        except Unwelcome as refused:
            if refused.status == 429:  # a kind of object that the API server has just been told of
                return []
            raise
        return [] if listed is None else list(listed["items"])

    @property
    def host(self) -> str:
        """The name by which its clients reach it."""
        about = self.cluster["metadata"]
        return f"{about['name']}-primary.{about['namespace']}.svc.cluster.local"


@dataclass
class Pods:
    """Grafana's pods, asked over HTTP by somebody who knows nothing of this tool."""

    lab: Lab
    deployment: str
    failed: list[str] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)

    def ready(self) -> list[dict[str, Any]]:
        """Those that are there to stay and say that they are ready."""
        namespace, _, name = self.deployment.partition("/")
        found = self.lab.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
        return [one for one in found if one["metadata"]["name"].startswith(f"{name}-") and _ready(one)]

    def who(self) -> set[str]:
        """As whom they are logged in; empty while none answers."""
        return {said for one in self.ready() if (said := self._asked(one))}

    def anew(self) -> None:
        """New pods in the place of those that are there, as operators restart a workload."""
        namespace, _, name = self.deployment.partition("/")
        for what in ("restart", "status"):
            self.lab.run("kubectl", "rollout", what, "-n", namespace, f"deployment/{name}")

    def file(self, name: str) -> str:
        """What the agent wrote, read by kubectl once there is one ready pod: it is none while its process starts."""
        about = until("one ready pod", lambda: found[0] if len(found := self.ready()) == 1 else None, 300)["metadata"]
        words = ("-n", about["namespace"], about["name"], "-c", "vault-agent", "--", "cat", f"/vault/secrets/{name}")
        return self.lab.run("kubectl", "exec", *words)

    def _asked(self, pod: dict[str, Any]) -> str:
        url = f"http://{pod['status']['podIP']}:3000/whoami"
        try:
            with urllib.request.urlopen(url, timeout=6) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            self.failed.append(f"{pod['metadata']['name']}: {error.read().decode()}")
            return ""
        except (OSError, ValueError):
            return ""  # its process has just ended, and the next one is not there yet
        said = f"{found['session_user']}|{found['current_user']}"
        self.answered[said] += 1
        return said

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Everyone that is ready is asked all along."""
        with meanwhile(self.who, 0.3):
            yield


def _ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", [])
    there = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return there and "deletionTimestamp" not in pod["metadata"]


def vault(lab: Lab) -> Api:
    """Vault, asked with root's token."""
    return Api(lab.world.url(ports.VAULT), str(lab.world.credential("ca.crt")), _word(lab, "vault-root"))


def _word(lab: Lab, name: str) -> Callable[[], str]:
    return lambda: lab.world.credential(name).read_text().strip()


def trusting(lab: Lab, folder: Path) -> Server:
    """The server, and the file that says whom administrators trust."""
    server = Server(lab, folder / TRUSTED)
    server.trusted.write_text(lab.world.credential("ca.crt").read_text())
    return server


def server_pair(api: Api, issuer: str, like: str) -> tuple[str, str]:
    """A certificate by that authority for whatever names this one bears, and its key."""
    names = load_pem_x509_certificate(like.encode()).extensions.get_extension_for_class(SubjectAlternativeName).value
    hosts, addresses = names.get_values_for_type(DNSName), names.get_values_for_type(IPAddress)
    role = {"allow_any_name": True, "enforce_hostnames": False, "key_type": "ec", "key_bits": 256, "max_ttl": "72h"}
    assert api.ask("post", "pki/roles/server", role).ok
    wanted: dict[str, Json] = {
        "common_name": hosts[0],
        "alt_names": ",".join(hosts),
        "ip_sans": ",".join(map(str, addresses)),
    }
    made = api.ask("post", f"pki/issuer/{issuer}/issue/server", wanted)
    assert made.ok, made
    return f"{made.data['certificate']}\n", f"{made.data['private_key']}\n"
