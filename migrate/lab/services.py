"""Addresses of Services, led to the pods behind them: `python -m migrate.lab.services --api URL ...`.

kube-proxy's part in the node's network, as far as a lab needs it: every second the rules that follow from Services and
EndpointSlices are compared with those that hold, and replaced at once. The API server has no pod, so its Service means
its own address.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from migrate.lab.web import Web
from migrate.model.errors import Failed

_BETWEEN = 1.0
_API = ("default", "kubernetes")
_TABLE = """*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
{rules}
-A POSTROUTING -m conntrack --ctstate DNAT -j MASQUERADE
COMMIT
"""


def table(services: Iterable[dict[str, Any]], slices: Iterable[dict[str, Any]], api: str) -> str:
    """The whole NAT table, for `iptables-restore`. `api`: where the API server really is, `ADDRESS:PORT`."""
    behind = list(slices)
    lines = [line for service in services for line in _of_service(service, behind, api)]
    return _TABLE.format(rules="\n".join(lines))


def _of_service(service: dict[str, Any], slices: list[dict[str, Any]], api: str) -> Iterator[str]:
    metadata, spec = service["metadata"], service["spec"]
    place = (metadata["namespace"], metadata["name"])
    for port in spec.get("ports") or []:
        targets = [api] if place == _API else sorted(set(_targets(place, port, slices)))
        protocol = port.get("protocol", "TCP").lower()
        for address in _addresses(service):
            match = f"-d {address}/32 -p {protocol} -m {protocol} --dport {port['port']}"
            for number, target in enumerate(targets):
                share = len(targets) - number
                chance = f" -m statistic --mode nth --every {share} --packet 0" if share > 1 else ""
                for chain in ("PREROUTING", "OUTPUT"):
                    yield f"-A {chain} {match}{chance} -j DNAT --to-destination {target}"


def _addresses(service: dict[str, Any]) -> Iterator[str]:
    """Those that a Service has, IPv4: its own, and what its load balancer was given. A headless one has none."""
    ingress = (service.get("status", {}).get("loadBalancer") or {}).get("ingress") or []
    for address in (service["spec"].get("clusterIP"), *(one.get("ip") for one in ingress)):
        if address and address != "None" and ":" not in address:
            yield address


def _targets(place: tuple[str, str], port: dict[str, Any], slices: list[dict[str, Any]]) -> Iterator[str]:
    for one in slices:
        metadata = one["metadata"]
        if (metadata["namespace"], metadata.get("labels", {}).get("kubernetes.io/service-name")) != place:
            continue
        for real in one.get("ports") or []:
            if (real.get("name") or "") == (port.get("name") or "") and real.get("port"):
                yield from (f"{address}:{real['port']}" for address in _ready(one))


def _ready(one: dict[str, Any]) -> Iterator[str]:
    for endpoint in one.get("endpoints") or []:
        if (endpoint.get("conditions") or {}).get("ready") is not False:
            yield from endpoint["addresses"]


def _replace(text: str) -> None:
    """Put a table in the place of the one that holds, whole. Raises Failed with the reason."""
    done = subprocess.run(("iptables-restore",), input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"iptables-restore: {done.stderr.strip()}")


def main() -> None:
    """Keep the rules until ended. A question that is not answered is asked again."""
    parser = argparse.ArgumentParser(prog="python -m migrate.lab.services", description=(__doc__ or "").split("\n")[0])
    for name in ("ca", "cert", "key"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--api", required=True)
    given = parser.parse_args()
    web, holds = Web(given.api, given.ca, client=(given.cert, given.key)), ""
    while True:
        try:
            services = web.ask("GET", "/api/v1/services")["items"]
            slices = web.ask("GET", "/apis/discovery.k8s.io/v1/endpointslices")["items"]
            wanted = table(services, slices, urlsplit(given.api).netloc)
            if wanted != holds:
                _replace(wanted)
                holds = wanted
        except Failed as error:
            print(error.happened, flush=True)  # noqa: T201  its log
        time.sleep(_BETWEEN)


if __name__ == "__main__":
    main()
