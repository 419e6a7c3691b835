"""What hands certificates of Ingresses to cert-manager's Vault issuer: two changes in Git, and what they need in Vault.

The first change only adds: an issuer, and for each Ingress a certificate in a Secret of its own. The second has the
Ingress read that one. So cert-manager and ESO never write the same Secret, nobody waits for a certificate, and once the
second is reverted the Ingress reads what ESO has gone on writing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from migrate.documents.diff import unified
from migrate.documents.edits import AddDocument, SetScalar
from migrate.estate.inventory import Inventory, Reader
from migrate.model.json import Json, Pointer, mapping, pointer_text, sequence
from migrate.operations.subject import VaultSide, login_role, policy_called
from migrate.operations.wish import Rewrite
from migrate.planning.cases import Estate
from migrate.planning.commits import edit_file
from migrate.planning.compose import policy_text
from migrate.planning.files import Drafts, Files, Found, objects, one
from migrate.planning.phases import CertificateSelect, Phase
from migrate.planning.surroundings import injector, vault_side
from migrate.targets.pki import server_role

_NAME = "ingress"
_ISSUER = "mig-vault"
_LIFE = 720 * 3600
_ISSUERS = frozenset({"ClusterIssuer", "Issuer"})
_TELLS = """\
Certificates of these names from {mount}/ by way of cert-manager:
{names}
Whoever opens them must trust that authority: browsers trust none of Vault's by themselves.
Left as they are: {left}

1. {setup}
2. git apply --unidiff-zero 1-issuer-and-certificates.patch, and commit. cert-manager needs Vault's own CA as ca.crt in
   Secret {namespace}/vault-ca. Where Vault's certificate is publicly trusted, take caBundleSecretRef out instead.
3. Wait: kubectl get certificates -A shows every one Ready.
4. git apply --unidiff-zero 2-ingresses.patch, and commit. One git revert is the way back: ESO goes on writing the old
   Secrets.
5. Once nobody reads an old Secret any more, its ExternalSecret goes in two commits, first creationPolicy: Orphan.
"""
_LONGEST = 64
"""Characters of a common name."""


@dataclass(frozen=True, slots=True)
class Served:
    """One entry of `spec.tls` of an Ingress whose certificate an ExternalSecret copies."""

    ingress: Found
    namespace: str
    pointer: Pointer
    hosts: tuple[str, ...]

    @property
    def secret(self) -> str:
        """The Secret that cert-manager will write: of this entry alone."""
        number = self.pointer[2]
        return f"{self.ingress.name}-vault-tls" + (f"-{number}" if number else "")

    @property
    def certificate(self) -> Json:
        """What has cert-manager write it."""
        return {
            "apiVersion": "cert-manager.io/v1",
            "kind": "Certificate",
            "metadata": {"name": self.secret, "namespace": self.namespace},
            "spec": {
                "secretName": self.secret,
                "commonName": self.hosts[0],
                "dnsNames": list[Json](self.hosts),
                "duration": "720h",
                "renewBefore": "240h",
                "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
                "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": _ISSUER},
            },
        }


def issuers_file(files: Files) -> Found | None:
    """An object of cert-manager that makes it issue here: beside it another issuer is applied just as well."""
    return next((one for one in objects(files, _ISSUERS) if _of_cert_manager(one)), None)


def offers(estate: Estate, phase: Phase) -> dict[str, bytes]:
    """What an export of a phase about certificates has besides, by its path there. Raises CannotEdit."""
    read = (one for one in estate.inventory.secrets if any(_is_ingress(reader) for reader in one.readers))
    if not isinstance(phase.select, CertificateSelect) or (secret := next(read, None)) is None:
        return {}
    by = injector(estate.inventory, estate.files)
    vault = vault_side(estate.config, estate.inventory.store_of(secret), by)
    made = offered(estate.inventory, estate.files, vault, phase.select.mounted(estate.config.vault.pki))
    return {f"{_NAME}/{file}": data for file, data in made.items()}


def offered(inventory: Inventory, files: Files, vault: VaultSide, mount: str) -> dict[str, bytes]:
    """Both patches, the policy, the roles, and in which order: by file name. Empty where there is nothing to offer."""
    beside, found = issuers_file(files), list(_served(inventory, files))
    served = [entry for entry in found if _exact(entry.hosts)]
    if beside is None or vault.server is None or not served:
        return {}
    drafts = Drafts(files)
    issuer = [AddDocument(value) for value in _issuer(vault, mount, _namespace(files))]
    wanted = [Rewrite(beside.file, beside.document, tuple(issuer))]
    wanted += [_added(entry) for entry in served]
    answer = {"1-issuer-and-certificates.patch": _patch(wanted, drafts)}
    switch = [
        Rewrite(entry.ingress.file, entry.ingress.document, (SetScalar(entry.pointer, entry.secret),))
        for entry in served
    ]
    return answer | {"2-ingresses.patch": _patch(switch, drafts)} | _in_vault(served, found, files, vault, mount)


def _served(inventory: Inventory, files: Files) -> Iterator[Served]:
    readers = {
        (reader.file, reader.document, reader.pointer, reader.namespace)
        for secret in inventory.secrets
        for reader in secret.readers
        if _is_ingress(reader)
    }
    for file, document, pointer, namespace in sorted(readers):
        ingress = one(files, file, document)
        for index, entry in enumerate(sequence(ingress.spec.get("tls")) if ingress else []):
            at: Pointer = ("spec", "tls", index, "secretName")
            if ingress is not None and pointer == pointer_text(at):
                hosts = tuple(str(host) for host in sequence(mapping(entry).get("hosts")))
                yield Served(ingress, namespace, at, hosts)


def _is_ingress(reader: Reader) -> bool:
    return reader.kind == "Ingress" and reader.how == "ingress-tls" and reader.wired


def _exact(hosts: tuple[str, ...]) -> bool:
    """A wildcard, or a name that only a substitution makes, is no exact name to issue for."""
    return bool(hosts) and len(hosts[0]) <= _LONGEST and not any({"*", "$", "{"}.intersection(host) for host in hosts)


def _added(entry: Served) -> Rewrite:
    return Rewrite(entry.ingress.file, entry.ingress.document, (AddDocument(entry.certificate),))


def _patch(wanted: Iterable[Rewrite], drafts: Drafts) -> bytes:
    """Without context, so that a patch shows no line of a file but those it changes. Raises CannotEdit."""
    before = dict[str, bytes]()
    for wish in wanted:
        before.setdefault(wish.file, drafts.read(wish.file) or b"")
        edit_file(wish, drafts)
    return "".join(unified(data, drafts.read(file) or b"", file, context=0) for file, data in before.items()).encode()


def _issuer(vault: VaultSide, mount: str, namespace: str) -> Iterator[Json]:
    """The issuer, the account it logs in with, and cert-manager's right to tokens of that account."""
    where: Json = {"name": _ISSUER, "namespace": namespace}
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": where}
    rule: Json = {
        "apiGroups": [""],
        "resources": ["serviceaccounts/token"],
        "resourceNames": [_ISSUER],
        "verbs": ["create"],
    }
    rbac = "rbac.authorization.k8s.io"
    yield {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": where, "rules": [rule]}
    yield {
        "apiVersion": f"{rbac}/v1",
        "kind": "RoleBinding",
        "metadata": where,
        "roleRef": {"apiGroup": rbac, "kind": "Role", "name": _ISSUER},
        "subjects": [{"kind": "ServiceAccount", "name": "cert-manager", "namespace": namespace}],
    }
    login: Json = {
        "role": f"{vault.prefix}{_NAME}",
        "mountPath": f"/v1/auth/{vault.auth_mount}",
        "serviceAccountRef": {"name": _ISSUER},
    }
    yield {
        "apiVersion": "cert-manager.io/v1",
        "kind": "ClusterIssuer",
        "metadata": {"name": _ISSUER},
        "spec": {
            "vault": {
                "server": vault.server,
                "path": f"{mount}/sign/{vault.prefix}{_NAME}",
                "caBundleSecretRef": {"name": "vault-ca", "key": "ca.crt"},
                "auth": {"kubernetes": login},
            }
        },
    }


def _in_vault(
    served: list[Served], found: list[Served], files: Files, vault: VaultSide, mount: str
) -> dict[str, bytes]:
    name, namespace = f"{vault.prefix}{_NAME}", _namespace(files)
    hosts = sorted({host for entry in served for host in entry.hosts})
    login: dict[str, Json] = {
        "role_type": "jwt",
        "user_claim": "sub",
        # cert-manager's tokens name the issuer that they are for.
        "bound_audiences": [f"vault://{_ISSUER}"],
        "bound_subject": f"system:serviceaccount:{namespace}:{_ISSUER}",
        "token_policies": [name],
        "token_ttl": 600,
        "token_max_ttl": 600,
    }
    policy = policy_text("policies/pki-issue.hcl").replace("${path}", f"{mount}/sign/{name}")
    setup = (
        f"vault write {mount}/roles/{name} @pki-role.json; vault policy write {policy_called(name).short} policy.hcl; "
        f"vault write {login_role(vault, name).path} @login-role.json"
    )
    left = ", ".join(sorted({_named(entry) for entry in found} - {_named(entry) for entry in served})) or "none"
    tells = _TELLS.format(
        names="\n".join(f"  {host}" for host in hosts), mount=mount, left=left, setup=setup, namespace=namespace
    )
    return {
        "README.md": tells.encode(),
        "pki-role.json": _json(server_role(hosts, _LIFE)),
        "policy.hcl": policy.encode(),
        "login-role.json": _json(login),
    }


def _named(entry: Served) -> str:
    return f"Ingress {entry.namespace}/{entry.ingress.name}"


def _json(value: Json) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()


def _of_cert_manager(found: Found) -> bool:
    return str(found.value.get("apiVersion", "")).startswith("cert-manager.io/")


def _namespace(files: Files) -> str:
    """Where cert-manager runs: there it looks for what cluster-wide issuers name."""
    for release in objects(files, frozenset({"HelmRelease"})):
        if mapping(mapping(release.spec.get("chart")).get("spec")).get("chart") == "cert-manager":
            return str(release.spec.get("targetNamespace") or release.namespace or "cert-manager")
    return "cert-manager"
