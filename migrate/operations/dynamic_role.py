"""A dynamic role: a login for each pod, gone with its lease. The alternative; a static role is the default."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.duration import seconds
from migrate.model.json import Json
from migrate.operations.login import LoginSubject
from migrate.operations.wish import Arguments, Put, Wish, text
from migrate.targets.sql import literal, quoted


def dynamic_role(subject: LoginSubject, arguments: Arguments) -> Iterator[Wish]:
    """The role. Logins it makes act as the old owner and hand back what they own before they are dropped."""
    target = subject.dynamic_role
    role: dict[str, Json] = {
        "db_name": subject.connection.short,
        "creation_statements": _creation(subject),
        "renew_statements": ["ALTER ROLE \"{{name}}\" VALID UNTIL '{{expiration}}';"],
        "revocation_statements": _revocation(subject.login.owner),
        "rollback_statements": ['DROP ROLE IF EXISTS "{{name}}";'],
        "default_ttl": seconds(text(arguments, "ttl")),
        "max_ttl": seconds(text(arguments, "max_ttl")),
    }
    yield Wish(
        target=target,
        act=Put(role),
        summary=f"dynamic role {target.short}: each pod gets a login of its own that acts as {subject.login.owner}",
        blast="nobody uses it yet",
        guard="refused if it exists",
        needs=(f"vault: create, delete on {target.path}",),
        rests_on=(subject.connection,),
        remains="leases issued from the role live on, and so do their logins, until they run out or are revoked "
        f"(vault lease revoke -prefix {subject.vault.database_mount}/creds/{target.short})",
    )


def _creation(subject: LoginSubject) -> list[Json]:
    owner, database = quoted(subject.login.owner), quoted(subject.login.database)
    statements: list[Json] = [
        "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE "
        + owner
        + ";",
        f'ALTER ROLE "{{{{name}}}}" IN DATABASE {database} SET role = {literal(subject.login.owner)};',
    ]
    if (subject.login.server_version or 16) >= 16:
        # From 16 on the creator of a role may drop it, but may not act as it without this.
        statements.append(f'GRANT "{{{{name}}}}" TO {quoted(subject.vault_login)};')
    return statements


def _revocation(owner: str) -> list[Json]:
    return [
        'ALTER ROLE "{{name}}" NOLOGIN;',
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}';",
        f'REASSIGN OWNED BY "{{{{name}}}}" TO {quoted(owner)};',
        'DROP OWNED BY "{{name}}";',
        'DROP ROLE IF EXISTS "{{name}}";',
    ]
