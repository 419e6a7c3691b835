"""The names that checks of a login's move ask for, and how people read them."""

from __future__ import annotations

from migrate.model.duration import seconds
from migrate.operations.login import LoginSubject, credential_path
from migrate.planning.compose import Composition
from migrate.planning.login.pod import pod_changes, release_edits
from migrate.planning.phases import Credential, Phase


def names_of(subject: LoginSubject, composition: Composition, phase: Phase, credential: Credential) -> dict[str, str]:
    """Every name that a check may ask for; empty where it is unknown."""
    release, login, copied = subject.release, subject.login, subject.copied
    return {
        "account": release.account.wanted,
        "account_comes": "with the cutover" if release.account.changes else "",
        "address": subject.vault.database_address or "",
        "audience": subject.vault.audience or "",
        "auth_mount": subject.vault.auth_mount,
        # Its credential is a new one: no Secret holds it.
        "copies": "{}",
        "connection": subject.connection.short,
        "database": login.database,
        "database_ca": "given" if subject.vault.database_ca else "",
        "database_mount": subject.vault.database_mount,
        "deployment": subject.unit,
        "dynamic_role": subject.dynamic_role.short,
        "external_secret": f"{copied.namespace}/{copied.name}",
        "issued": "yes" if credential == "dynamic" else "",
        "jwt_role": subject.jwt_role.short,
        "namespace": release.pods_in,
        "new_login": subject.new_login,
        "old_login": subject.left,
        "owner": login.owner,
        "path": credential_path(subject, {"dynamic": credential == "dynamic"}),
        "period": str(_period(phase, credential)),
        "pod": pod_changes(subject, composition),
        "policy": subject.policy.short,
        "release": f"{release.namespace}/{release.name}",
        "secret": f"{copied.namespace}/{copied.target_secret}",
        "secret_key": subject.key,
        "server_version": str(login.server_version or ""),
        "sslmode": subject.vault.sslmode,
        "static_role": subject.static_role.short,
        "touches": release_edits(subject, composition),
        "vault_client": subject.vault.client,
        "vault_login": subject.vault_login,
    }


def _period(phase: Phase, credential: Credential) -> int:
    """The rotation period that the plan begins with, in seconds."""
    uses = (use for use in phase.uses(credential) if use.operation == "static-role")
    return next((seconds(str(use.arguments["period"])) for use in uses), 0)


def spoken(names: dict[str, str]) -> dict[str, str]:
    """The same names for people, who should see what is unknown."""
    version = names["server_version"]
    return names | {
        "address": names["address"] or "the database (address unknown)",
        "audience": names["audience"] or "(unknown)",
        "server": f"PostgreSQL {version}" if version else "any version",
    }
