"""The lab's own network: an address that nobody else has, and at full level a bridge that leads nowhere.

Pods and servers meet on the bridge; the machine does not forward what comes from it, so nothing in a lab reaches
anything that is not of the lab. Below full level the servers share one of loopback's sixteen million addresses.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from ipaddress import IPv4Network
from pathlib import Path

from migrate.lab.levels import Level
from migrate.lab.machine import search_path
from migrate.lab.world import World
from migrate.model.errors import Failed

SERVICES = "10.96.0.0/16"
"""Addresses of Services, which only a node knows the way to: the same in every lab."""
_POD_NETS = [IPv4Network(f"10.{second}.{third}.0/24") for second in range(64, 250) for third in range(256)]
_LOOPBACK_NETS = [IPv4Network(f"127.{second}.{third}.0/24") for second in range(64, 250) for third in range(256)]


def choose(seed: str, level: Level, taken: Iterable[IPv4Network]) -> IPv4Network:
    """A /24 that overlaps nothing in `taken`; the same one for the same seed while it is free.

    Raises Failed where none is left.
    """
    nets = _POD_NETS if level is Level.FULL else _LOOPBACK_NETS
    used = [net for net in taken if net.prefixlen >= 8]
    first = int(seed, 16) % len(nets)
    for net in (*nets[first:], *nets[:first]):
        if not net.overlaps(IPv4Network(SERVICES)) and not any(net.overlaps(other) for other in used):
            return net
    raise Failed("No free network is left for a lab.", undone="No lab was started.", following="migrate lab down")


def net_of(world: World) -> IPv4Network:
    """The network of a lab."""
    return IPv4Network(f"{world.address}/24", strict=False)


def routed() -> list[IPv4Network]:
    """Every network this machine has an address in or a route to, the default route left out."""
    found = []
    for route in _asked("route", "show", "table", "all"):
        destination = str(route.get("dst", "default"))
        if destination != "default" and ":" not in destination:
            found.append(IPv4Network(destination, strict=False))
    return [net for net in found if not net.is_loopback]


def _asked(*words: str) -> list[dict[str, object]]:
    try:
        done = subprocess.run(
            ("ip", "-4", "-json", *words), capture_output=True, check=True, env={"PATH": search_path()}
        )
    except (OSError, subprocess.CalledProcessError):
        return []
    found = json.loads(done.stdout or b"[]")
    return found if isinstance(found, list) else []


def prefix(world: World) -> str:
    """The first three numbers of the lab's addresses."""
    return world.address.rpartition(".")[0]


def raise_bridge(world: World) -> None:
    """Make the bridge with the lab's address. Raises Failed where the kernel refuses."""
    _ip("link", "add", world.bridge, "type", "bridge")
    _ip("link", "set", world.bridge, "alias", str(world.folder))
    _ip("address", "add", f"{world.address}/24", "dev", world.bridge)
    # Nothing that comes from the lab goes on to anywhere, whatever the machine forwards otherwise.
    Path(f"/proc/sys/net/ipv4/conf/{world.bridge}/forwarding").write_text("0")
    _ip("link", "set", world.bridge, "up")


def plug_in(world: World, pid: int) -> None:
    """Give the network namespace of a process a cable to the bridge, called eth0 there."""
    _ip("link", "add", f"mlab{world.id}n", "type", "veth", "peer", "name", "eth0", "netns", str(pid))
    _ip("link", "set", f"mlab{world.id}n", "master", world.bridge, "up")


def fell_bridge(world: World) -> bool:
    """Remove the bridge if this lab has one; true if it had."""
    if not Path(f"/sys/class/net/{world.bridge}").exists():
        return False
    _ip("link", "del", world.bridge)
    return True


def _ip(*words: str) -> None:
    environment = {**os.environ, "PATH": search_path()}
    done = subprocess.run(("ip", *words), capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise Failed(f"ip {' '.join(words)}: {done.stderr.strip()}", following="migrate lab doctor")
