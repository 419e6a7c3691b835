"""What answers at a database's address, seen from here: whether anything does, with TLS or not, and by which names."""

from __future__ import annotations

import socket
import ssl
import struct
from typing import Any

from migrate.model.json import Json

_SECONDS = 10
_SSL_REQUEST = struct.pack("!II", 8, 80877103)
"""PostgreSQL's question whether the line may be encrypted; `S` is yes, `N` no."""


def endpoint(address: str, ca: str | None) -> dict[str, Json]:
    """What a client learns before it logs in. Whether Vault reaches it cannot be seen from here."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host or address, int(port) if host else 5432), _SECONDS) as line:
            line.sendall(_SSL_REQUEST)
            match line.recv(1):
                case b"S":
                    return {"reachable": True, "tls": True, **_certificate(line, host or address, ca)}
                case b"N":
                    return {"reachable": True, "tls": False}
                case _:  # it takes nobody now, or is no PostgreSQL
                    return {"reachable": True}
    except (OSError, ValueError):
        return {"reachable": False}


def _certificate(line: socket.socket, host: str, ca: str | None) -> dict[str, Json]:
    """Who signed it decides whether its names may be believed: of an untrusted one none are shown."""
    context = ssl.create_default_context(cafile=ca)
    context.check_hostname = False  # the check compares the names itself, by the sslmode that is asked for
    try:
        with context.wrap_socket(line, server_hostname=host) as secured:
            shown: dict[str, Any] = dict(secured.getpeercert() or {})
    except ssl.SSLCertVerificationError:
        return {"trusted": False}
    names = [value for kind, value in shown.get("subjectAltName", ()) if kind in {"DNS", "IP Address"}]
    return {"trusted": True, "names": names}
