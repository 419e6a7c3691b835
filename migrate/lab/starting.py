"""From what an operator wants to a lab that is up: look at the machine, choose a level, make, start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from migrate.lab import backup, build, containers, controllers, existing, injector, levels, machine, postgresql, world
from migrate.lab.levels import Level
from migrate.lab.world import Provider, World
from migrate.model.errors import Failed, Refused, Usage


@dataclass(frozen=True, slots=True)
class Wanted:
    """A lab as asked for. `level` and `postgres`: None for what the machine and the estate say."""

    name: str
    estate: Path | None
    level: str | None
    eso: str
    postgres: int | None
    docker: bool = False
    backup: Path | None = None


def attach(wanted: Wanted, target: existing.Wanted, told: Callable[[str, float], None]) -> World:
    """Bring a lab into a cluster and a Vault that are there already; returns it when that is done.

    Raises Refused where the cluster's name was not repeated or the lab's name is taken, Failed where a server refuses:
    what was brought until then stays for `down`.
    """
    _have_libraries()
    from migrate.lab import making, survey, up
    from migrate.lab.vault import Mounts

    found = existing.find(target)
    read = survey.read(wanted.estate) if wanted.estate else None
    choice = levels.Choice(Level.CONTROL, f"the cluster {found.cluster} and the Vault at {found.vault}")
    order = making.Order(wanted.name, choice, wanted.estate, wanted.eso, Provider.EXISTING)
    made = making.make(order)
    existing.settle_in(made, found, read, up.mounts(read) if read else Mounts(), told)
    return made


def start(wanted: Wanted, told_level: Callable[[str, str], None], told: Callable[[str, float], None]) -> World:
    """Start a lab; returns it when every server is ready.

    Raises Refused for a level that is not possible or a name that is taken, Failed where a server does not become
    ready: what was started stays, for its logs, until `down`.
    """
    _have_libraries()
    from migrate.lab import making, survey, up

    if wanted.eso not in controllers.ESO_VERSIONS:
        known = ", ".join(controllers.ESO_VERSIONS)
        raise Usage(f"External Secrets Operator {wanted.eso} is not among the lab's: {known}.")
    here = machine.look()
    if wanted.docker:
        containers.insist()
    saved = _saved(wanted)
    programs = build.binaries()
    level = Level(wanted.level) if wanted.level else None
    read = survey.read(wanted.estate) if wanted.estate else None
    choice = levels.choose(here, frozenset(programs), level, docker=wanted.docker)
    major = wanted.postgres or (saved.major if saved else None) or (survey.postgres_major(read) if read else None)
    postgresql.fetch(major)
    installed = postgresql.find(major)
    choice = with_major(choice, major, installed)
    told_level(choice.level, choice.reason)
    parts = up.Parts(programs, build.definitions(), installed, injector.named(), saved)
    provider = Provider.DOCKER if wanted.docker else Provider.PROCESSES
    made = making.make(making.Order(wanted.name, choice, wanted.estate, wanted.eso, provider))
    up.start(made, parts, here, read, told)
    return made


def with_major(choice: levels.Choice, wanted: int | None, installed: postgresql.Installation) -> levels.Choice:
    """The choice, saying aloud where PostgreSQL is of another major version than the estate's: its SQL may differ."""
    if wanted in {None, installed.major}:
        return choice
    said = f"PostgreSQL {installed.major} in the place of {wanted}: what is rehearsed here is not a pass: other major"
    return levels.Choice(choice.level, f"{choice.reason}; {said}")


def _saved(wanted: Wanted) -> backup.Backup | None:
    """The backup that the lab is to be made from. Raises Usage for none, Refused where it does not fit."""
    if wanted.backup is None:
        return None
    if wanted.docker:
        raise Refused("A lab of containers cannot be made from a backup.", undone="No lab was started.")
    found = backup.read(wanted.backup)
    backup.insist_on_place(found, world.place(wanted.name))
    return found


def _have_libraries() -> None:
    missing = [name for name in ("trustme", "dnslib") if find_spec(name) is None]
    if missing:
        raise Failed(
            f"The lab needs Python packages that are not installed: {', '.join(missing)}.",
            undone="No lab was started.",
            following="pip install 'vault-injector-migrate[lab]'",
        )
