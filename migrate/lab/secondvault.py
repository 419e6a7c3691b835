"""A second Vault beside the lab's own, restored from a snapshot of that one: what a disaster would leave of it."""

from __future__ import annotations

import json

from migrate.lab import build, ports, processes, vault
from migrate.lab.web import Web, wait
from migrate.lab.world import World, write
from migrate.model.errors import Failed

_SERVER = "vault-restored"
_HEALTH = "/v1/sys/health?standbyok=true&sealedcode=200&uninitcode=200"


def address(world: World) -> str:
    """Where it answers once it is there."""
    return world.url(ports.RESTORED)


def restore(world: World) -> None:
    """Start it, take a snapshot of the first one now, and restore that; returns when it is open with the first's keys.

    It is one of the lab's processes, and goes with them.
    """
    web = _started(world)
    taken = vault.as_root(world).fetch("/v1/sys/storage/raft/snapshot")
    made = web.ask("PUT", "/v1/sys/init", {"secret_shares": 1, "secret_threshold": 1})
    web.ask("PUT", "/v1/sys/unseal", {"key": made["keys_base64"][0]})
    wait(_SERVER, lambda: web.ready("/v1/sys/health"), 60)
    mine, binary = {"X-Vault-Token": made["root_token"]}, "application/octet-stream"
    web.ask("POST", "/v1/sys/storage/raft/snapshot-force", taken, kind=binary, headers=mine)
    wait(_SERVER, lambda: _opened(web, world), 90)
    web.close()


def _started(world: World) -> Web:
    data = world.data(_SERVER)
    data.mkdir(mode=0o700)
    place = f"{world.address}:{ports.RESTORED}"
    certificate, key = str(world.credential("vault.crt")), str(world.credential("vault.key"))
    settings = {
        "storage": {"raft": {"path": str(data), "node_id": _SERVER, "performance_multiplier": "1"}},
        "listener": {"tcp": {"address": place, "tls_cert_file": certificate, "tls_key_file": key}},
        "api_addr": address(world),
        "cluster_addr": f"https://{world.address}:{ports.RESTORED + 1}",
        "disable_mlock": True,
    }
    path = write(world.config(f"{_SERVER}.json"), json.dumps(settings, indent=2))
    process = processes.start(world, _SERVER, [build.binaries()["vault"], "server", f"-config={path}"])
    web = Web(address(world), world.credential("ca.crt"))
    wait(_SERVER, lambda: web.ready(_HEALTH), 60, alive=lambda: processes.alive(process))
    return web


def _opened(web: Web, world: World) -> bool:
    """Unsealed with the first one's key, which is its own since it was restored: it takes that a moment later."""
    try:
        web.ask("PUT", "/v1/sys/unseal", {"key": world.credential("vault-unseal").read_text()})
    except Failed:
        return False
    return web.ready("/v1/sys/health")
