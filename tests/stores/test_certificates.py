"""Certificates read: an authority is known by its key, whatever it is called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from trustme import CA

from migrate.stores.certificates import Certificate, certificate


def read(pem: bytes) -> Certificate:
    found = certificate(pem.decode())
    assert found is not None
    return found


def test_two_authorities_of_one_name_are_told_apart() -> None:
    one, other = (CA(organization_name="database", organization_unit_name="authority") for _ in range(2))
    issued = read(one.issue_cert("grafana.example").cert_chain_pems[0].bytes())
    assert issued.by == read(one.cert_pem.bytes()).key
    assert issued.by != read(other.cert_pem.bytes()).key


def test_an_authority_without_an_identifier_is_known_by_its_name() -> None:
    name, key = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old authority")]),
        ec.generate_private_key(ec.SECP256R1()),
    )
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    found = read(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    assert found.by == found.key == "CN=old authority"
