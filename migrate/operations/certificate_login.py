"""A login that only a certificate opens, and that acts as the old one."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.operations.certificate import CertificateSubject
from migrate.operations.login import acting_as
from migrate.operations.wish import Arguments, Put, Wish


def certificate_login(subject: CertificateSubject, arguments: Arguments) -> Iterator[Wish]:
    """A login without any password, so that no rule that asks for one lets anybody in."""
    owner, database = subject.login.owner, subject.login.database
    login = acting_as(owner, database)
    yield Wish(
        target=subject.postgres,
        act=Put(login),
        summary=f"login {subject.new_login}, without a password, that acts as {owner} in database {database}",
        blast="nobody uses it yet; the old login and its password stay as they are",
        guard="refused if a role of this name exists",
        needs=("postgres: CREATEROLE, ADMIN on " + owner,),
        rests_on=(subject.pki_role,),
    )
