"""A new login that acts as the old one, so that Vault's first rotation hurts nobody and objects keep their owner."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.change import Input
from migrate.operations.login import LoginSubject, acting_as, postgres
from migrate.operations.wish import Arguments, Put, Wish


def new_login(subject: LoginSubject, arguments: Arguments) -> Iterator[Wish]:
    """A login, member of the old owner, that becomes the owner in the application's database when it connects."""
    owner, database = subject.login.owner, subject.login.database
    login = acting_as(owner, database)
    # Up to 15 CREATEROLE is enough to set the password; from 16 on it also takes ADMIN on the very login.
    version = subject.login.server_version
    if version is None:
        login["administeredBy"] = [{"role": subject.vault_login, "admin": True}]
    elif version >= 16:
        login["administeredBy"] = [{"role": subject.vault_login, "admin": True, "inherit": False, "set": False}]
    yield Wish(
        target=postgres(subject.new_login),
        act=Put(login, (Input("password", "generated when this step runs and forgotten: Vault replaces it at once"),)),
        summary=f"login {subject.new_login} that acts as {owner} in database {database}",
        blast="nobody uses it yet; the old login and its password stay as they are",
        guard="refused if a role of this name exists",
        needs=("postgres: CREATEROLE, ADMIN on " + owner,),
        rests_on=(postgres(subject.vault_login),),
    )
