"""How an operator's own tools reach a lab: the variables that kubectl, vault, psql and git read."""

from __future__ import annotations

from migrate.lab import build, database, existing, git, ports
from migrate.lab.levels import Level
from migrate.lab.world import Provider, World


def variables(world: World) -> dict[str, str]:
    """Environment variables for a shell that works on this lab, as its administrator. Passwords are by file only."""
    if world.provider is Provider.EXISTING:
        return _existing(world)
    found = {
        "MIGRATE_LAB_NAME": world.name,
        "VAULT_ADDR": world.url(ports.VAULT),
        "VAULT_CACERT": str(world.credential("ca.crt")),
        "PGHOST": world.address,
        "PGPORT": str(ports.POSTGRES),
        "PGUSER": database.ADMIN,
        "PGDATABASE": "postgres",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": str(world.credential("ca.crt")),
        "PGPASSFILE": str(world.credential("pgpass")),
    }
    if world.level.holds(Level.CONTROL):
        found["KUBECONFIG"] = str(world.credential("admin.kubeconfig"))
        found["LAB_GIT"] = git.url(world)
    return found


def _existing(world: World) -> dict[str, str]:
    found = {"MIGRATE_LAB_NAME": world.name, "VAULT_ADDR": existing.record(world)["vault"]}
    found["KUBECONFIG"] = str(world.credential("admin.kubeconfig"))
    if world.credential("ca.crt").exists():
        found["VAULT_CACERT"] = str(world.credential("ca.crt"))
    return found


def programs() -> list[str]:
    """Folders with the lab's own kubectl and vault."""
    known = build.binaries()
    return list(dict.fromkeys(str(known[name].parent) for name in ("kubectl", "vault") if name in known))
