"""The role that issues the workload's certificates: one exact name, EC keys, a short life."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.duration import spoken
from migrate.operations.certificate import CertificateSubject
from migrate.operations.wish import Arguments, Put, Wish
from migrate.targets.pki import client_role


def pki_role(subject: CertificateSubject, arguments: Arguments) -> Iterator[Wish]:
    """The role on the mount that is there; mounts and authorities are their owners'."""
    target, issuer = subject.pki_role, subject.issuer
    yield Wish(
        target=target,
        act=Put(client_role(subject.new_login, issuer.life)),
        summary=f"PKI role {target.short}: client certificates for {subject.new_login} alone, good for "
        f"{spoken(issuer.life)}",
        blast="nobody may use it yet",
        guard="refused if a role of this name exists",
        needs=(f"vault: create, update, delete on {target.path}",),
        remains=f"certificates that were issued stay good until they run out, at most {spoken(issuer.life)}; without "
        f"login {subject.new_login} they open nothing in PostgreSQL. Revoking one (vault write {issuer.mount}/revoke "
        "serial_number=...) counts only once PostgreSQL has loaded the list that has it (ssl_crl_file, reload)",
        compensated_by=subject.postgres,
    )
