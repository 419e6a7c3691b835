"""What an operator must know before a login gets a certificate: who must trust whom, and what stays a Secret."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.estate.inventory import Inventory, Secret
from migrate.model.plan import Remark, Unknown
from migrate.operations.certificate import CertificateSubject, FromAgent, FromSecret, RulesByHand, RulesInGit
from migrate.planning.certificate.ingress import issuers_file
from migrate.planning.database import Server, behind
from migrate.planning.entering import entering_unknowns
from migrate.planning.files import Files
from migrate.planning.login.remarks import around, copied_remarks
from migrate.planning.login.subjects import Sources
from migrate.targets.hba import by_certificate

_TRUSTS = {
    "PostgresCluster": "spec.customTLSSecret and spec.customReplicationTLSSecret: a server certificate for {name}, and "
    "a ca.crt with the operator's replication authority and every authority of {mount}/",
    "Cluster": "spec.certificates (serverTLSSecret, serverCASecret, clientCASecret, replicationTLSSecret): a server "
    "certificate for {name}, and a client CA with every authority of {mount}/",
    "postgresql": "spec.tls (secretName, caFile): a server certificate for {name}, and a CA file with every authority "
    "of {mount}/",
}


def remarks(subject: CertificateSubject, secrets: tuple[Secret, ...], sources: Sources) -> tuple[Remark, ...]:
    """Every finding that the tree gives."""
    server = behind(subject.login.host, sources.servers)
    return (
        *around(subject, sources),
        *_today(subject, secrets, sources),
        *_trust(subject, server),
        *_rules(subject, server),
        *_login(subject, sources.servers),
        *_ingresses(subject, sources.inventory, sources.files),
    )


def _today(subject: CertificateSubject, secrets: tuple[Secret, ...], sources: Sources) -> Iterator[Remark]:
    match subject.today:
        case FromSecret(copied, key):
            for secret in secrets:
                yield from copied_remarks(subject, copied, key, secret, sources)
        case FromAgent(login=login, path=path):
            yield Remark(
                "db.served-login",
                "info",
                f"{subject.release.container} has its password from {path} today, and can go back to it while Vault "
                f"answers: login {login}, and what rotates it in Vault, stay",
                "",
                subject.file,
            )


def _trust(subject: CertificateSubject, server: Server | None) -> Iterator[Remark]:
    mount, name = subject.issuer.mount, subject.server_name
    where = _TRUSTS[server.found.kind] if server else "ssl_cert_file and ssl_ca_file of the server: a certificate for "
    where = where.format(mount=mount, name=name) if server else f"{where}{name}, and every authority of {mount}/"
    yield Remark(
        "db.tls-trust",
        "warning",
        f"PostgreSQL must trust the authorities of {mount}/ and show a certificate for {name} that one of them signed: "
        f"{subject.release.container} trusts no others. This plan hands no keys to a server",
        f"{where}; gate db.tls-client proves both before the cutover",
        server.found.file if server else "",
    )


def _rules(subject: CertificateSubject, server: Server | None) -> Iterator[Remark]:
    match subject.rules:
        case RulesByHand():
            line = by_certificate(subject.new_login, subject.login.database)
            yield Remark(
                "db.hba-cert",
                "warning",
                "people write this server's pg_hba: the plan waits at gate db.hba-cert until it asks "
                f"{subject.new_login} for its certificate",
                f"put this line above every rule that fits {subject.new_login} too, and reload: {line}",
                "migrate.yaml",
            )
        case RulesInGit(listed=(), instead=instead) if instead:
            yield Remark(
                "db.hba-default",
                "warning",
                f"{server.name if server else 'the operator'} lists no rules, and adds its default only while it lists "
                f"none: the same commit writes that out ({'; '.join(instead)}), or nobody else could log in",
                "",
                server.found.file if server else "",
            )


def _login(subject: CertificateSubject, servers: list[Server]) -> Iterator[Remark]:
    login, server = subject.login, behind(subject.login.host, servers)
    if subject.listed_by:
        yield Remark(
            "db.operator-managed",
            "warning",
            f"{subject.listed_by} manages login {login.owner}: it would take NOLOGIN back, so the plan does not close "
            "it",
            f"after the contract stage, take {login.owner} out of the operator's list",
            next((one.found.file for one in servers if one.name == subject.listed_by), ""),
        )
    if server and server.pooler:
        yield Remark(
            "db.pooler",
            "info",
            f"{server.name} runs a connection pooler: {subject.release.container} must go to the server itself, since "
            "a pooler ends TLS and has no client's certificate to show",
            "",
            server.found.file,
        )


def _ingresses(subject: CertificateSubject, inventory: Inventory, files: Files) -> Iterator[Remark]:
    """Certificates of Ingresses: no agent can hand them over, another controller can."""
    read = sorted({reader.target for one in inventory.secrets for reader in one.readers if reader.how.endswith("-tls")})
    if not read:
        return
    names = f"{', '.join(read[:3])}{f' and {len(read) - 3} more' if len(read) > 3 else ''}"
    fact = f"certificates of {names} stay Secrets: a controller reads them, and no agent runs there"
    issuer = issuers_file(files)
    if issuer is None:
        yield Remark("pki.ingress", "info", f"{fact}; no issuer of cert-manager is in this tree", "", "")
        return
    yield Remark(
        "pki.ingress",
        "info",
        f"{fact}; cert-manager, which is here, can get them from Vault itself",
        "--export FOLDER writes that into FOLDER/ingress: two changes in Git, each taken back by one git revert, and "
        f"the role on {subject.issuer.mount}/ with its policy",
        issuer.file,
    )


def unknowns(subject: CertificateSubject, sources: Sources) -> tuple[Unknown, ...]:
    """What a plan from Git alone could not see."""
    mount = subject.issuer.mount
    return (
        *entering_unknowns(subject, sources.config, sources.injector),
        Unknown("vault", f"whether {mount}/ is there, and what it may issue", "gate pki.mount", False),
        Unknown(
            f"postgres:role/{subject.login.owner}",
            f"whether it owns the objects, and whether {subject.left} has no other sessions",
            "gates db.object-owner and secret.consumers",
            False,
        ),
        Unknown("cluster", "what runs: webhook, pod security, owner references", "the gates of each stage", False),
    )
