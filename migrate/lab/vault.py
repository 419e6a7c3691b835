"""The lab's Vault: a real server with storage that survives a restart, and in it what an estate's Vault holds."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrate.lab import ports, processes
from migrate.lab.control import ISSUER, Programs
from migrate.lab.hosts import knowing
from migrate.lab.machine import Machine
from migrate.lab.web import Web, wait
from migrate.lab.world import World, write

if TYPE_CHECKING:  # what signs them is installed with the lab only
    from migrate.lab.certificates import Authority

NINETY_DAYS = "2160h"
READER = "eso-reader"


@dataclass(frozen=True, slots=True)
class Mounts:
    """Where an estate's Vault has what. `kv`: every KV version 2 mount that the estate's stores name."""

    kv: tuple[str, ...] = ("secret",)
    database: str = "database"
    pki: str = "pki"
    transit: str = "transit"
    jwt: str = "jwt"


def certify(world: World, authority: Authority, names: tuple[str, ...]) -> None:
    """Write the server's certificate: for the lab's address and every name an estate calls its Vault by."""
    authority.server("vault", *names)


def run(world: World, programs: Programs, machine: Machine) -> None:
    """Start the server on the data that is there, or on none; returns when it answers, sealed or not.

    It knows the database by the estate's name, and trusts the lab's authority as its machine's own.
    """
    listen = f"{world.inner}:{ports.VAULT + ports.BEHIND}"
    certificate, key = str(world.credential("vault.crt")), str(world.credential("vault.key"))
    plain = f"{world.inner}:{ports.VAULT + ports.BEHIND + ports.PLAIN}"
    settings = {
        "storage": {
            "raft": {"path": str(world.data("disk", "vault")), "node_id": world.name, "performance_multiplier": "1"}
        },
        "listener": [
            {"tcp": {"address": listen, "tls_cert_file": certificate, "tls_key_file": key}},
            {"tcp": {"address": plain, "tls_disable": True}},
        ],
        "api_addr": world.url(ports.VAULT),
        "cluster_addr": f"https://{world.inner}:{ports.VAULT + ports.BEHIND + 1}",
        "disable_mlock": True,
        "max_lease_ttl": "2400h",  # the default of 768h would cut the reader's 90 days short
        "log_level": "info",
    }
    world.data("disk", "vault").mkdir(mode=0o700, exist_ok=True)
    path = write(world.config("vault.json"), json.dumps(settings, indent=2))
    command = [*knowing(world, machine), str(programs["vault"]), "server", f"-config={path}"]
    processes.start(world, "vault", command, {"SSL_CERT_FILE": str(world.credential("ca.crt"))})
    process = processes.recorded(world, "vault")
    web = behind(world)
    sealed = "/v1/sys/health?standbyok=true&sealedcode=200&uninitcode=200"
    wait("vault", lambda: web.ready(sealed), 60, alive=lambda: process is not None and processes.alive(process))
    web.close()


def behind(world: World) -> Web:
    """The server itself, past the fault proxy, without a token."""
    return Web(f"https://{world.inner}:{ports.VAULT + ports.BEHIND}", world.credential("ca.crt"))


def as_root(world: World) -> Web:
    """The server itself, asked with the root token."""
    token = world.credential("vault-root").read_text()
    url = f"https://{world.inner}:{ports.VAULT + ports.BEHIND}"
    return Web(url, world.credential("ca.crt"), headers={"X-Vault-Token": token})


def initialise(world: World) -> None:
    """Make the server's keys, keep them in the lab's folder, and unseal it."""
    web = behind(world)
    made = web.ask("PUT", "/v1/sys/init", {"secret_shares": 1, "secret_threshold": 1})
    write(world.credential("vault-unseal"), made["keys_base64"][0])
    write(world.credential("vault-root"), made["root_token"])
    web.close()
    unseal(world)


def unseal(world: World) -> None:
    """Open a sealed server with the key in the lab's folder; returns when it is active."""
    web = behind(world)
    web.ask("PUT", "/v1/sys/unseal", {"key": world.credential("vault-unseal").read_text()})
    wait("vault", lambda: web.ready("/v1/sys/health"), 90)  # half a minute after its disk was full
    web.close()


def furnish(world: World, mounts: Mounts, values: Mapping[tuple[str, str], Mapping[str, str]]) -> None:
    """Mount, trust and fill: engines, the cluster's signing key, the policies, tokens and values.

    `values`: (KV mount, path) to its keys. The token of the External Secrets Operator lies in `keys/eso-token`
    afterwards.
    """
    web = as_root(world)
    log = str(world.data("vault-audit.log"))
    web.ask("PUT", "/v1/sys/audit/file", {"type": "file", "options": {"file_path": log, "mode": "0600"}})
    for mount in mounts.kv:
        web.ask("POST", f"/v1/sys/mounts/{mount}", {"type": "kv", "options": {"version": "2"}})
    for kind, mount in (("database", mounts.database), ("pki", mounts.pki), ("transit", mounts.transit)):
        web.ask("POST", f"/v1/sys/mounts/{mount}", {"type": kind})
    _sign(web, world, mounts)
    web.ask("POST", f"/v1/sys/auth/{mounts.jwt}", {"type": "jwt"})
    trust(web, world, mounts)
    _let_read(web, world, mounts)
    for (mount, path), data in values.items():
        wait(mount, lambda at=f"/v1/{mount}/config": web.ready(at), 20)
        web.ask("POST", f"/v1/{mount}/data/{path}", {"data": dict(data)})
    web.close()


def trust(web: Web, world: World, mounts: Mounts) -> None:
    """Workloads log in with their service account's token; Vault knows the key it is signed with."""
    public = world.credential("sa.pub").read_text()
    web.ask("POST", f"/v1/auth/{mounts.jwt}/config", {"jwt_validation_pubkeys": [public], "bound_issuer": ISSUER})


def _sign(web: Web, world: World, mounts: Mounts) -> None:
    """Have the PKI engine sign with the authority that PostgreSQL's certificate is of, and that PostgreSQL trusts."""
    pair = "".join(world.credential(name).read_text() for name in ("ca.crt", "ca.key"))
    web.ask("POST", f"/v1/{mounts.pki}/config/ca", {"pem_bundle": pair})


def reading(mounts: Mounts) -> str:
    """The policy of the External Secrets Operator: it reads everything."""
    paths = [(f"{mount}/{part}/*", caps) for mount in mounts.kv for part, caps in _READING]
    return "\n".join(f'path "{path}" {{ capabilities = {json.dumps(caps)} }}' for path, caps in paths)


def _let_read(web: Web, world: World, mounts: Mounts) -> None:
    web.ask("PUT", f"/v1/sys/policies/acl/{READER}", {"policy": reading(mounts)})
    make_reader_token(web, world, f"lab-{secrets.token_urlsafe(24)}")


def make_reader_token(web: Web, world: World, token: str) -> None:
    """Make this the token of the External Secrets Operator for ninety days, again where it had ended.

    Vault takes no token of its own making (`hvs.`) a second time, so the lab makes this one itself.
    """
    wanted = {"policies": [READER], "ttl": NINETY_DAYS, "display_name": "eso", "renewable": True}
    made = web.ask("POST", "/v1/auth/token/create", {**wanted, "id": token, "no_parent": True})
    write(world.credential("eso-token"), made["auth"]["client_token"])


_READING = (("data", ["read"]), ("metadata", ["read", "list"]))
