"""What stays true after a login has its certificate and is written nowhere else."""

from __future__ import annotations

from migrate.model.duration import spoken
from migrate.model.plan import Step
from migrate.operations.certificate import CertificateSubject, FromAgent, FromSecret
from migrate.planning.export import sql_file


def notes(subject: CertificateSubject, steps: tuple[Step, ...]) -> tuple[str, ...]:
    """What a rebuild needs, how an authority is rotated, and what a revocation takes."""
    issuer, name = subject.issuer, subject.new_login
    numbered = [(number, step) for number, step in enumerate(steps, 1) if step.change.target.store == "postgres"]
    made = " and ".join(sql_file(step, number) for number, step in numbered if step.stage == "expand")
    left = spoken(issuer.left - issuer.left % 3600)
    return (
        f"Rebuild from Git plus an older database backup: login {name} is not in Git. Run {made or 'its SQL'} of the "
        "export again as an administrator. There is no password that a backup could bring back.",
        f"Vault may be away for {spoken(issuer.outage)}: a certificate is renewed after {issuer.renew_at} % of "
        f"{spoken(issuer.life)} and then still has {left}. A pod that starts while Vault is away waits.",
        f"Rotate the authority of {issuer.mount}/ in this order (migrate session start rotate-authority leads through "
        "it): add the new issuer, not yet as the default; let PostgreSQL trust both (ssl_ca_file, in ssl_crl_file the "
        "lists of both, reload), and everybody else who checks PostgreSQL's certificate (Vault's own connection, "
        "database.ca here, backups, replicas, poolers, people); wait until every agent has written both (5 minutes); "
        "make it the default; give PostgreSQL a certificate that it signed; once nothing that the old one signed is "
        f"good any more ({spoken(issuer.life)} for pods; other logins by certificate have lives of their own), take it "
        "out, of PostgreSQL and its clients first.",
        f"A certificate got lost? vault write {issuer.mount}/revoke serial_number=... and hand PostgreSQL the lists of "
        f"every authority ({issuer.mount}/issuer/ID/crl, all in ssl_crl_file; select pg_reload_conf()): until it has "
        f'loaded them, it lets the certificate in. ALTER ROLE "{name}" NOLOGIN works at once.',
        *_today(subject),
    )


def _today(subject: CertificateSubject) -> tuple[str, str]:
    """What stays of the way it logs in today, and how far one revert goes back to it."""
    revert = f"Until the contract stage one `git revert` of the cutover commit puts {subject.release.container} back on"
    match subject.today:
        case FromSecret(copied=copied):
            return (
                f"Secret {copied.namespace}/{copied.target_secret} stays in the cluster after its ExternalSecret went: "
                "delete it by hand when nobody would roll back any more.",
                f"{revert} login {subject.left} and its Secret, whatever Vault does.",
            )
        case FromAgent(login=login, path=path, role=role):
            rotates = path.replace("/static-creds/", "/static-roles/")
            mount = subject.vault.auth_mount
            return (
                f"{rotates}, auth/{mount}/role/{role} and what belongs to them stay in Vault, and login {login} in the "
                "database: delete them by hand, the role in Vault first, when nobody would roll back any more.",
                f"{revert} login {login}; its new pods then wait until Vault answers.",
            )
