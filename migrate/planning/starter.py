"""The first `migrate.yaml` of an estate: what the tree says, written down; what it cannot say, as questions.

Every line that stands in effect was found in the tree. The rest is commented out, so that leaving the file alone
changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from migrate.estate.inventory import Inventory, Store

_INJECTOR_CHART = "vault"


def starter(inventory: Inventory) -> str:
    """The text of the file. Holds no secret value and passes `read_config`."""
    return "\n".join((*_head(), *_vault(inventory), *_injector(inventory), *_questions())) + "\n"


def _head() -> Iterator[str]:
    yield "# What Git alone cannot say about this estate. Written by `migrate init`; every setting has a default."
    yield "# Never put a secret here: credentials are named by the file, variable or command that gives them."


def _vault(inventory: Inventory) -> Iterator[str]:
    store = main_store(inventory)
    yield ""
    if store is None:
        yield "# No Vault store was found in the tree."
        yield "# vault:"
        yield "#   address: https://vault.example.test:8200"
        yield "#   kv: secret"
        return
    yield f"# From {store.kind} {_word(store.name)}, which {store.references} ExternalSecrets use."
    yield "vault:"
    if store.server:
        yield f"  address: {_quoted(store.server)}"
    if store.mount:
        yield f"  kv: {_quoted(store.mount)}"
    yield "  # token: {file: ~/path/to/token}   # or env: NAME, or command: 'vault print token'"
    yield "  # ca: path/to/ca.crt"


def main_store(inventory: Inventory) -> Store | None:
    """The Vault store that most ExternalSecrets use."""
    stores = [store for store in inventory.stores if store.provider == "vault"]
    return max(stores, key=lambda store: (store.references, store.wired), default=None)


def _injector(inventory: Inventory) -> Iterator[str]:
    release = next((one for one in inventory.workloads if one.chart.rpartition("/")[2] == _INJECTOR_CHART), None)
    yield ""
    if release is None:
        yield "# injector: {namespace: vault}"
        return
    yield f"# From {release.kind} {_word(release.namespace)}/{_word(release.name)}."
    yield "injector:"
    yield f"  namespace: {_quoted(release.namespace)}"
    yield "  # tlsSecret: name   # a Secret with ca.crt beside each workload, where Vault has a private CA"


def _questions() -> Iterator[str]:
    yield from (
        "",
        "# The database's address as Vault reaches it; a name inside the cluster is not that.",
        "# database: {address: 'db.example.test:5432'}",
        "",
        "# The branch for a plan's commits, and how their first line reads where a rule asks for a form.",
        "# git: {branch: 'migrate/{plan}', subject: 'chore({phase}): {summary}'}",
        "",
        "# How long to watch before going on.",
        "# soak: {cutover: 1h, contract: 7d, retention: 30d}",
        "",
        "# A verdict you know better, with the reason in writing.",
        "# overrides:",
        "#   - {secret: namespace/name, verdict: keep, reason: why}",
        "",
        "# Variables that an image of your own also takes as a file, by repository: X as X_FILE.",
        "# adapters: {team/shop: 'DB_*'}",
    )


def _quoted(text: str) -> str:
    # JSON strings are YAML strings, whatever a name holds.
    return json.dumps(text)


def _word(text: str) -> str:
    """For comments: a line break in a name must not end the comment."""
    return json.dumps(text)[1:-1]
