"""What the tree says of a workload's way into Vault, in the same words whatever moves: account, audience and CA."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.estate.inventory import Inventory, Secret
from migrate.model.config import Config
from migrate.model.plan import Remark, Unknown
from migrate.operations.subject import Entering
from migrate.planning.files import Files
from migrate.planning.surroundings import Injector, private_ca


def trust_remarks(
    subject: Entering, secret: Secret, inventory: Inventory, files: Files, injector: Injector | None
) -> Iterator[Remark]:
    """What keeps agents that are new from trusting Vault. `secret`: one whose store reaches that Vault today."""
    if not _trusting(subject, injector) and private_ca(secret, inventory, files):
        yield Remark(
            "vault.ca",
            "blocks",
            f"store {secret.store.name} trusts Vault through a CA of its own, and no agent would get that CA: pods "
            "would wait in their init container",
            "give the injector AGENT_INJECT_VAULT_CACERT_BYTES (injector.extraEnvironmentVars), or set "
            f"injector.tlsSecret in migrate.yaml to a Secret with ca.crt in namespace {subject.pods_in}",
            injector.found.file if injector else "",
        )


def entering_remarks(subject: Entering) -> Iterator[Remark]:
    """What keeps pods out of Vault or changes who they are."""
    if subject.vault.audience is None:
        yield Remark(
            "auth.audience",
            "blocks",
            "neither the store nor migrate.yaml names Vault's address, so for whom the pod's token is made is unknown: "
            f"the token and role {subject.jwt_role.short} must name the same audience",
            "set vault.address, or vault.auth.audience, in migrate.yaml",
            "migrate.yaml",
        )
    account = subject.account
    if account.changes:
        others = f" (shared with {', '.join(account.shared_with)})" if account.shared_with else ""
        yield Remark(
            "pod.sa-shared",
            "warning",
            f"ServiceAccount {account.name} is not the workload's own{others}: {subject.unit} gets {account.wanted}",
            "grant the new one whatever the old one was granted, its imagePullSecrets too",
            subject.file,
        )


def _trusting(subject: Entering, injector: Injector | None) -> bool:
    """Whether the agents get a CA to trust Vault by."""
    return bool(subject.vault.tls_secret or (injector and injector.trusts))


def entering_unknowns(subject: Entering, config: Config, injector: Injector | None) -> Iterator[Unknown]:
    """What of it a tree cannot tell."""
    yield Unknown(
        "vault", "whether targets of this plan exist already", "the guard of each step, which reads first", False
    )
    if subject.vault.audience is None:
        yield Unknown("vault.auth.audience", "the audience of workload tokens", "migrate.yaml", True)
    if not (config.vault.auth.mount or (injector and injector.auth_path)):
        text = f"the mount of workload logins (assumed auth/{subject.vault.auth_mount})"
        yield Unknown("vault.auth.mount", text, "migrate.yaml", False)
