"""Certificates read: whom they name, until when, and by which number Vault and PostgreSQL know them.

The library is imported when something is read, since no start-up should wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True, slots=True)
class Certificate:
    """What checks ask of one."""

    name: str
    """Its common name; empty where it has none."""
    since: datetime
    """From when on it is good: what it says, which may be before it was issued."""
    until: datetime
    key: str
    """What identifies its key: the identifier that it bears, or else its whole name."""
    by: str
    """The same of the authority that signed it."""


def certificate(pem: str) -> Certificate | None:
    """A certificate in PEM; None where the text is none."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        found = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return None
    names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Certificate(
        str(names[0].value) if names else "",
        found.not_valid_before_utc,
        found.not_valid_after_utc,
        _identifier(found, x509.SubjectKeyIdentifier) or found.subject.rfc4514_string(),
        _identifier(found, x509.AuthorityKeyIdentifier) or found.issuer.rfc4514_string(),
    )


def _identifier(found: x509.Certificate, kind: type[x509.SubjectKeyIdentifier | x509.AuthorityKeyIdentifier]) -> str:
    """As RFC 5280 has it (4.2.1.1 and 4.2.1.2); empty where the certificate bears none."""
    from cryptography.x509 import ExtensionNotFound

    try:
        borne = found.extensions.get_extension_for_class(kind).value.key_identifier
    except ExtensionNotFound:
        return ""
    return (borne or b"").hex(":")


_LIST = "-----BEGIN X509 CRL-----"


def revoked(pem: str) -> Iterator[str]:
    """The serial numbers in one or more lists of revoked certificates. What is no list has none."""
    from cryptography import x509

    for part in pem.split(_LIST)[1:]:
        try:
            found = x509.load_pem_x509_crl((_LIST + part).encode())
        except ValueError:
            continue
        yield from (serial(one.serial_number) for one in found)


def serial(number: int) -> str:
    """A serial number as Vault writes it: `0a:1b:...`."""
    return number.to_bytes((number.bit_length() + 7) // 8 or 1, "big").hex(":")
