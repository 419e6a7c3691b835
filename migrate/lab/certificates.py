"""The lab's own certificate authority and what it signs. Keys lie in the lab's folder and nowhere else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from migrate.lab.world import World, write


class Authority:
    """A certificate authority made for one lab. Writes each certificate beside its key."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ca = trustme.CA(organization_name="migrate lab", organization_unit_name=world.name)
        self.file = write(world.credential("ca.crt"), self._ca.cert_pem.bytes())
        write(world.credential("ca.key"), self._ca.private_key_pem.bytes())  # the controller manager signs with it

    def server(self, name: str, *identities: str) -> tuple[Path, Path]:
        """Certificate and key for the lab's address, loopback and some names."""
        known = dict.fromkeys((self._world.address, self._world.inner, "127.0.0.1", "localhost", *identities))
        return self._written(name, self._ca.issue_cert(*known, common_name=name))

    def client(self, name: str, user: str, group: str = "") -> tuple[Path, Path]:
        """Certificate and key with which Kubernetes knows a user of a group."""
        # A name that nobody asks for: without any, the list of names is empty, and Go refuses such a certificate.
        issued = self._ca.issue_cert(f"{name}.client", common_name=user, organization_name=group or "migrate lab")
        return self._written(name, issued)

    def _written(self, name: str, issued: trustme.LeafCert) -> tuple[Path, Path]:
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        return (
            write(self._world.credential(f"{name}.crt"), chain),
            write(self._world.credential(f"{name}.key"), issued.private_key_pem.bytes()),
        )


def signing_key(world: World) -> tuple[Path, Path]:
    """The private and the public key of the cluster's service account tokens."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return write(world.credential("sa.key"), private), write(world.credential("sa.pub"), public)


def fingerprint(certificate: Path) -> str:
    """A digest that names a certificate."""
    return hashlib.sha256(certificate.read_bytes()).hexdigest()
