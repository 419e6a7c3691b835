"""Names for the lab's pods: `python -m migrate.lab.resolver --names FILE --host H --port P --api URL ...`.

Knows what the estate calls its Vault and its databases (the lab's own, whatever the estate has there), and Services of
the cluster: their own address, or the pods behind one that has none. Every other name does not exist: nothing is asked
outside.
"""

from __future__ import annotations

import argparse
import json
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dnslib import QTYPE, RCODE, RR, A, DNSRecord
from dnslib.server import BaseResolver, DNSLogger, DNSServer

from migrate.lab.web import Web
from migrate.model.errors import Failed

_SERVICE = re.compile(r"(?P<service>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)\.svc(?:\.cluster\.local)?")
_LIFETIME = 1  # seconds: pods come and go


def ready_addresses(slices: Iterable[dict[str, Any]]) -> list[str]:
    """The addresses of pods that are ready, from EndpointSlices."""
    return [
        address
        for one in slices
        for endpoint in one.get("endpoints") or []
        if (endpoint.get("conditions") or {}).get("ready") is not False
        for address in endpoint["addresses"]
    ]


class Names(BaseResolver):  # type: ignore[misc]
    """Answers for a file of fixed names (name to address) and for the Services of a cluster."""

    def __init__(self, fixed: Path, cluster: Web) -> None:
        self._fixed = {name.lower(): address for name, address in json.loads(fixed.read_text()).items()}
        self._cluster = cluster

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:
        """The answer to one question."""
        del handler
        reply = request.reply()
        name = str(request.q.qname).rstrip(".").lower()
        addresses = self.addresses(name)
        if addresses is None:
            reply.header.rcode = RCODE.NXDOMAIN
        elif request.q.qtype in {QTYPE.A, QTYPE.ANY}:
            for address in addresses:
                reply.add_answer(RR(request.q.qname, QTYPE.A, rdata=A(address), ttl=_LIFETIME))
        return reply

    def addresses(self, name: str) -> list[str] | None:
        """What a name means; None where it does not exist."""
        if name in self._fixed:
            return [self._fixed[name]]
        service = _SERVICE.fullmatch(name)
        return self._service(service["namespace"], service["service"]) if service else None

    def _service(self, namespace: str, service: str) -> list[str] | None:
        try:
            found = self._cluster.ask("GET", f"/api/v1/namespaces/{namespace}/services/{service}")
        except Failed:
            return None
        address = found["spec"].get("clusterIP")
        return [address] if address and address != "None" else self._pods(namespace, service)

    def _pods(self, namespace: str, service: str) -> list[str] | None:
        path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        try:
            found = self._cluster.ask("GET", f"{path}?labelSelector=kubernetes.io%2Fservice-name%3D{service}")
        except Failed:
            return None
        return ready_addresses(found["items"]) if found["items"] else None


def main() -> None:
    """Answer until ended."""
    parser = argparse.ArgumentParser(prog="python -m migrate.lab.resolver", description=(__doc__ or "").split("\n")[0])
    for name in ("names", "ca", "cert", "key"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api", required=True)
    given = parser.parse_args()
    names = Names(given.names, Web(given.api, given.ca, client=(given.cert, given.key)))
    quiet = DNSLogger(log="-request,-reply,-truncated,-error", prefix=False)
    for tcp in (False, True):
        DNSServer(names, address=given.host, port=given.port, tcp=tcp, logger=quiet).start_thread()
    threading.Event().wait()


if __name__ == "__main__":
    main()
