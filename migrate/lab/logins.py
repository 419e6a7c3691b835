"""Which databases and logins an estate has today, and which of its generated values are their passwords."""

from __future__ import annotations

from dataclasses import dataclass

from migrate.estate.inventory import Inventory, Secret
from migrate.lab.demands import Demands, generated
from migrate.model.config import Config
from migrate.model.errors import MigrateError
from migrate.planning import database
from migrate.planning.files import Files
from migrate.planning.login.candidates import Candidate, Copy, candidates
from migrate.planning.login.logins import login_of
from migrate.planning.phases import all_phases, login_selects

Place = tuple[str, str, str]
"""(KV mount, path, key) of a value in Vault."""


@dataclass(frozen=True, slots=True)
class Login:
    """A database, the login that owns it, and its password."""

    database: str
    owner: str
    password: str
    place: Place | None = None
    """Where the password lies in Vault, if it does."""
    host: str = ""
    """The name under which the workload knows the server."""


def logins(demands: Demands | None, files: Files | None) -> tuple[Login, ...]:
    """The logins of the releases that the shipped phases know; Grafana's where an estate has none."""
    found: dict[str, Login] = {}
    if demands is not None and files is not None:
        servers = list(database.servers(files))
        for select in login_selects(all_phases()):
            for candidate in candidates(demands.inventory, files, select):
                if (login := _login(candidate, servers, demands)) is not None:
                    found.setdefault(login.database, login)
    return tuple(found.values()) or (Login("grafana", "grafana", generated()),)


def names(files: Files | None) -> tuple[str, ...]:
    """Names that the estate's pods may know a database server by: those of its operator's Services."""
    found: list[str] = []  # a Service's name may be written to any length
    for server in database.servers(files) if files else ():
        namespace = server.found.namespace
        for suffix in ("", "-primary", "-rw", "-ha", "-pgbouncer", "-r", "-ro", "-replicas"):
            service = f"{server.found.name}{suffix}.{namespace}"
            found += [service, f"{service}.svc", f"{service}.svc.cluster.local"]
    return tuple(found)


def _login(candidate: Candidate, servers: list[database.Server], demands: Demands) -> Login | None:
    try:
        known = login_of(candidate, Config(), servers)
    except MigrateError:
        return None  # a release without PostgreSQL, or one that does not say: nothing for the lab to make
    place = _place(candidate, demands)
    password = demands.values[place[:2]][place[2]] if place else generated()
    return Login(known.database, known.owner, password, place, known.host.partition(":")[0])


def _place(candidate: Candidate, demands: Demands) -> Place | None:
    """Where in Vault the password that the release reads comes from."""
    if not isinstance(candidate.form, Copy):
        return None
    secret = _copied(candidate.workload.namespace, candidate.form.secret, demands.inventory)
    if secret is None:
        return None
    wanted = next((datum for datum in secret.data if datum.key in {candidate.form.key, "*"}), None)
    if wanted is None:
        return None
    key = wanted.vault.property or candidate.form.key
    return next(
        ((*place, key) for place, data in demands.values.items() if _is(place, wanted.vault.path, key, data)), None
    )


def _is(place: tuple[str, str], path: str, key: str, data: dict[str, str]) -> bool:
    return key in data and path.endswith(place[1])


def _copied(namespace: str, target: str, inventory: Inventory) -> Secret | None:
    return next((one for one in inventory.secrets if (one.namespace, one.target) == (namespace, target)), None)
