"""What can be broken in a lab on purpose, each with the way back."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from migrate.lab import build, control, database, disk, faultproxy, machine, postgresql, processes, status, vault
from migrate.lab.levels import Level
from migrate.lab.web import wait
from migrate.lab.world import Provider, World
from migrate.model.errors import Failed, Refused


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to break, and how to mend it. Both return when it is so."""

    name: str
    what: str
    begin: Callable[[World], None]
    end: Callable[[World], None]
    level: Level = Level.VAULT


_APPLIES = (("kustomize.toolkit.fluxcd.io/v1", "kustomizations"), ("helm.toolkit.fluxcd.io/v2", "helmreleases"))
_STOPPABLE = ("external-secrets", "source-controller", "kustomize-controller", "helm-controller", "injector")


def known() -> tuple[Fault, ...]:
    """Every fault, by name."""
    found = [
        Fault("vault-sealed", "Vault is sealed: it answers 503 to everything", _seal, vault.unseal),
        Fault("vault-stopped", "Vault's process is gone; what it stored is not", _stop_vault, _start_vault),
        Fault("eso-token-expired", "the token of External Secrets Operator is revoked", _revoke, _renew),
        Fault("postgres-stopped", "PostgreSQL's process is gone; its data is not", _stop_postgres, _start_postgres),
        Fault("postgres-restarted", "PostgreSQL was restarted: no session outlives it", _restart_postgres, _nothing),
        Fault("disk-full", "the disk of Vault and PostgreSQL has no byte left", _fill_disk, _clear_disk),
        Fault(
            "flux-suspended",
            "every Kustomization and HelmRelease is suspended",
            lambda world: _suspend(world, suspended=True),
            lambda world: _suspend(world, suspended=False),
            Level.CONTROL,
        ),
        *(fault for server in _STOPPABLE for fault in _process_faults(server)),
        *(fault for server in faultproxy.PROXIED for fault in _connection_faults(server)),
    ]
    return tuple(sorted(found, key=lambda fault: fault.name))


def named(name: str, world: World) -> Fault:
    """One fault. Raises Failed for an unknown name, Refused where the lab has nothing to break so."""
    found = next((fault for fault in known() if fault.name == name), None)
    if found is None:
        raise Failed(f"There is no fault called {name}.", following="migrate lab faults")
    if world.provider is Provider.EXISTING:
        raise Refused(f"The servers of {world.name} are not the lab's: it breaks nothing of theirs.")
    if not world.level.holds(found.level):
        raise Refused(f"{name} needs a lab of level {found.level}; this one is {world.level}.")
    return found


def _connection_faults(server: str) -> Iterator[Fault]:
    def mode(name: str, *, delay_ms: int = 0) -> Callable[[World], None]:
        return lambda world: faultproxy.behave(world, server, name, delay_ms=delay_ms)

    for name, what, begin in (
        ("cut", f"every connection to {server} is reset", mode("cut")),
        ("hangs", f"{server} takes connections and answers nothing", mode("hang")),
        ("slow", f"every answer of {server} comes two seconds late", mode("slow", delay_ms=2000)),
        ("loses-answer", f"{server} does the next thing it is asked and says nothing", mode("lose")),
    ):
        yield Fault(f"{server}-{name}", what, begin, mode("pass"))


def _process_faults(server: str) -> Iterator[Fault]:
    """Standing still, its peers wait for it as for one on a machine that is gone; stopped, they are refused at once."""

    def signal_with(number: int) -> Callable[[World], None]:
        return lambda world: processes.tell(_process(world, server), number)

    stand, go_on = signal_with(signal.SIGSTOP), signal_with(signal.SIGCONT)
    yield Fault(f"{server}-frozen", f"{server} stands still", stand, go_on, Level.CONTROL)

    def stop(world: World) -> None:
        processes.end([_process(world, server)], patience=10.0)

    def start(world: World) -> None:
        process = processes.start_again(world, server)
        wait(server, lambda: status.ready(world, server), 60, alive=lambda: processes.alive(process))

    yield Fault(f"{server}-stopped", f"{server}'s process is gone", stop, start, Level.CONTROL)


def _process(world: World, server: str) -> processes.Process:
    found = processes.recorded(world, server)
    if found is None or not processes.alive(found):
        raise Failed(f"{server} does not run in this lab.", following="migrate lab status")
    return found


def _runs(world: World, server: str) -> bool:
    found = processes.recorded(world, server)
    return found is not None and processes.alive(found)


def _seal(world: World) -> None:
    web = vault.as_root(world)
    web.ask("PUT", "/v1/sys/seal")
    web.close()


def _stop_vault(world: World) -> None:
    processes.end([_process(world, "vault")], patience=10.0)


def _start_vault(world: World) -> None:
    vault.run(world, build.binaries(), machine.look())
    vault.unseal(world)


def _revoke(world: World) -> None:
    web = vault.as_root(world)
    web.ask("PUT", "/v1/auth/token/revoke", {"token": world.credential("eso-token").read_text()})
    web.close()


def _renew(world: World) -> None:
    """The same token again: whoever holds it need not be told."""
    web = vault.as_root(world)
    vault.make_reader_token(web, world, world.credential("eso-token").read_text())
    web.close()


def _stop_postgres(world: World) -> None:
    # SIGINT is PostgreSQL's fast shutdown: sessions are ended, data is written.
    process = _process(world, "postgres")
    processes.tell(process, signal.SIGINT)
    processes.end([process], patience=20.0)


def rest_postgres(world: World, act: Callable[[], object]) -> None:
    """Do something while PostgreSQL is stopped, and start it again whatever comes of it."""
    _stop_postgres(world)
    try:
        act()
    finally:
        _start_postgres(world)


def _start_postgres(world: World) -> None:
    database.run(world, postgresql.find(_major(world)), machine.look())


def _restart_postgres(world: World) -> None:
    _stop_postgres(world)
    _start_postgres(world)


def _nothing(world: World) -> None:
    """It runs again already."""


def _suspend(world: World, *, suspended: bool) -> None:
    """As `flux suspend` and `flux resume` do it, with every object."""
    web = control.api(world)
    try:
        for group, plural in _APPLIES:
            for found in web.ask("GET", f"/apis/{group}/{plural}")["items"]:
                meta, said = found["metadata"], {"spec": {"suspend": suspended}}
                place = f"/apis/{group}/namespaces/{meta['namespace']}/{plural}/{meta['name']}"
                web.ask("PATCH", place, said, kind="application/merge-patch+json")
    finally:
        web.close()


def _fill_disk(world: World) -> None:
    if not disk.own(world):
        raise Refused(
            "This lab's servers write to the machine's own disk: one of their own needs root, and no containers.",
            undone="Nothing was filled.",
        )
    disk.fill(world)


def _clear_disk(world: World) -> None:
    """Give the room back, and start what gave up meanwhile."""
    disk.clear(world)
    if not _runs(world, "postgres"):
        _start_postgres(world)
    if not _runs(world, "vault"):
        vault.run(world, build.binaries(), machine.look())
    vault.unseal(world)


def _major(world: World) -> int:
    return int(world.config("postgres.version").read_text().partition(".")[0])
