"""The names that checks of a certificate's move ask for, and how people read them."""

from __future__ import annotations

from migrate.model.duration import spoken as span
from migrate.operations.certificate import CertificateSubject


def names_of(subject: CertificateSubject, today: dict[str, str]) -> dict[str, str]:
    """Every name that a check may ask for; empty where it is unknown. `today`: those of the login's own move."""
    issuer = subject.issuer
    return today | {
        "jwt_role": subject.jwt_role.short,
        "life": str(issuer.life),
        "new_login": subject.new_login,
        "outage": str(issuer.outage),
        "path": subject.issue_path,
        "pki_mount": issuer.mount,
        "pki_role": subject.pki_role.short,
        "policy": subject.policy.short,
        "server_name": subject.server_name,
    }


def spoken(names: dict[str, str]) -> dict[str, str]:
    """The same names for people, who should see what is unknown."""
    return names | {
        "audience": names["audience"] or "(unknown)",
        "life": span(int(names["life"])),
        "outage": span(int(names["outage"])),
    }
