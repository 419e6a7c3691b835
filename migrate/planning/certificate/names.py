"""The names that checks of a certificate's move ask for, and how people read them."""

from __future__ import annotations

from migrate.model.duration import spoken as span
from migrate.operations.certificate import CertificateSubject, FromAgent, FromSecret, Today
from migrate.planning.compose import Composition
from migrate.planning.login.pod import pod_changes, release_edits


def names_of(subject: CertificateSubject, composition: Composition) -> dict[str, str]:
    """Every name that a check may ask for; empty where there is none, or it is unknown."""
    issuer, release, login = subject.issuer, subject.release, subject.login
    return _today(subject.today) | {
        "account": release.account.wanted,
        "account_comes": "with the cutover" if release.account.changes else "",
        "audience": subject.vault.audience or "",
        "auth_mount": subject.vault.auth_mount,
        # Its credential is a new one: no Secret holds it.
        "copies": "{}",
        "database": login.database,
        "database_mount": subject.vault.database_mount,
        "deployment": subject.unit,
        "jwt_role": subject.jwt_role.short,
        "life": str(issuer.life),
        "namespace": release.pods_in,
        "new_login": subject.new_login,
        "old_login": subject.left,
        "outage": str(issuer.outage),
        "owner": login.owner,
        "path": subject.issue_path,
        "pki_mount": issuer.mount,
        "pki_role": subject.pki_role.short,
        "pod": pod_changes(subject, composition),
        "policy": subject.policy.short,
        "release": f"{release.namespace}/{release.name}",
        "server_name": subject.server_name,
        "touches": release_edits(subject, composition),
    }


def _today(today: Today) -> dict[str, str]:
    match today:
        case FromSecret(copied, key):
            return {
                "external_secret": f"{copied.namespace}/{copied.name}",
                "secret": f"{copied.namespace}/{copied.target_secret}",
                "secret_key": key,
                "served_path": "",
                "served_role": "",
            }
        case FromAgent(path=path, role=role):
            return {"external_secret": "", "secret": "", "secret_key": "", "served_path": path, "served_role": role}


def spoken(names: dict[str, str]) -> dict[str, str]:
    """The same names for people, who should see what is unknown."""
    return names | {
        "audience": names["audience"] or "(unknown)",
        "life": span(int(names["life"])),
        "outage": span(int(names["outage"])),
    }
