"""A cluster and a Vault that are there already, lent to a lab: what is brought into them is taken away again.

They are somebody's: the operator repeats the cluster's name before anything is written, what is there already is never
touched, and only what carries the lab's mark is removed. No server of theirs is the lab's to stop or to break.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrate.lab import bringing, build
from migrate.lab.bringing import Lent
from migrate.lab.demands import Demands
from migrate.lab.server import Server
from migrate.lab.steps import Step, Told, carry_out
from migrate.lab.vault import Mounts
from migrate.lab.web import Web
from migrate.lab.world import World, write
from migrate.model.errors import Failed, Refused, Usage
from migrate.model.ports import Unreachable

_HEALTH = "/v1/sys/health?standbyok=true&perfstandbyok=true&sealedcode=200&uninitcode=200"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A cluster and a Vault as an operator names them. `confirmed`: what they say the cluster is called."""

    context: str
    vault: str
    authority: Path | None
    token_file: Path | None
    confirmed: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a context leads to. The kubeconfig holds credentials, the token is one."""

    context: str
    cluster: str
    server: str
    vault: str
    authority: Path | None
    kubeconfig: str = field(repr=False)
    token: str = field(repr=False)


def find(wanted: Wanted) -> Found:
    """Resolve the context and check the operator's word for it. Writes nothing, and asks neither server anything.

    Raises Refused where the cluster's name was not repeated, Usage where context or token cannot be found.
    """
    document = _minified(wanted.context)
    cluster = document["clusters"][0]
    name, server = str(cluster["name"]), str(cluster["cluster"]["server"])
    if wanted.confirmed != name:
        raise Refused(
            f"The context {wanted.context} leads to the cluster {name} ({server}), which is not this lab's.",
            truth=f"you called it {wanted.confirmed}" if wanted.confirmed else "nobody said that it is disposable",
            undone="Nothing was asked of it or of Vault, and nothing was written.",
            following=f"look what it is: kubectl --context {wanted.context} get nodes; only if it may be lost, repeat "
            "with --i-know-this-is-disposable and its name",
        )
    if not wanted.vault.startswith(("https://", "http://")):
        raise Usage(f"{wanted.vault} is no address of a Vault.", following="--vault https://HOST:PORT")
    return Found(
        context=wanted.context,
        cluster=name,
        server=server,
        vault=wanted.vault.rstrip("/"),
        authority=wanted.authority,
        kubeconfig=json.dumps(document, indent=2),
        token=_token(wanted.token_file),
    )


def keep(world: World, found: Found) -> Lent:
    """Write down where both are and how they are reached, for every later command; returns them."""
    write(world.credential("admin.kubeconfig"), found.kubeconfig)
    write(world.credential("vault-root"), found.token)
    if found.authority is not None:
        write(world.credential("ca.crt"), found.authority.read_bytes())
    said = {"context": found.context, "cluster": found.cluster, "server": found.server, "vault": found.vault}
    write(world.config("existing.json"), json.dumps(said, indent=2))
    return lent(world)


def lent(world: World) -> Lent:
    """The servers behind a lab of this kind. Raises Failed where its record is torn."""
    from migrate.stores.cluster.api import Api

    said = record(world)
    authority = world.credential("ca.crt")
    token = world.credential("vault-root").read_text()
    vault = Web(said["vault"], authority if authority.exists() else None, headers={"X-Vault-Token": token})
    return Lent(Api(said["context"], str(world.credential("admin.kubeconfig"))), vault)


def record(world: World) -> Mapping[str, str]:
    """Context, cluster, server and vault, as they were said."""
    try:
        found: dict[str, str] = json.loads(world.config("existing.json").read_text())
    except (OSError, ValueError) as error:
        raise Failed(f"What the lab {world.name} was brought into is not written down any more.") from error
    return found


def settle_in(world: World, found: Found, demands: Demands | None, mounts: Mounts, told: Told) -> None:
    """Bring in what an estate needs that is not there, and nothing else."""
    brought = bringing.Brought(world, keep(world, found))
    carry_out(
        [
            Step("vault contents", lambda: bringing.furnish_vault(brought, mounts, demands)),
            Step(
                "bootstrap secrets",
                lambda: bringing.furnish_cluster(brought, demands, found.authority),
                ("vault contents",),
            ),
        ],
        told,
    )


def leave(world: World) -> list[str]:
    """Take away what was brought; returns what could not be."""
    if not world.config("existing.json").exists():
        return []  # nothing was written before that file was
    return bringing.Brought(world, lent(world)).take_away()


def servers(world: World) -> tuple[Server, ...]:
    """Both, as they answer now."""
    said, both = record(world), lent(world)
    try:
        cluster = both.cluster.look("/version")
        version = str(cluster.body.get("gitVersion", "")) if cluster.ok else ""
    except Unreachable:
        version = ""
    try:
        health = both.vault.ask("GET", _HEALTH)
    except Failed:
        health = {}
    awake = health.get("sealed") is False
    return (
        Server("kube-apiserver", version, None, said["server"], bool(version)),
        Server("vault", f"v{health['version']}" if "version" in health else "", None, said["vault"], awake),
    )


def _minified(context: str) -> dict[str, Any]:
    """The one context of the operator's kubeconfig with what belongs to it, credentials included."""
    kubectl = build.binaries().get("kubectl") or shutil.which("kubectl")
    if kubectl is None:
        raise Failed("There is no kubectl to read your kubeconfig with.", following="migrate lab build kubectl")
    words = ("config", "view", "--minify", "--flatten", "--raw", "--output=json", f"--context={context}")
    done = subprocess.run((str(kubectl), *words), capture_output=True, text=True, check=False)
    document = json.loads(done.stdout) if done.returncode == 0 else {}
    if not document.get("clusters"):
        raise Usage(
            f"There is no context {context} in your kubeconfig.", following="choose one of: kubectl config get-contexts"
        )
    return dict(document)


def _token(file: Path | None) -> str:
    try:
        token = file.read_text() if file else os.environ.get("VAULT_TOKEN", "")
    except OSError as error:
        raise Usage(f"{file} cannot be read: {error.strerror}.") from error
    if not token.strip():
        raise Usage("There is no token for that Vault.", following="--vault-token-file FILE, or VAULT_TOKEN")
    return token.strip()
