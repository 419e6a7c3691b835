"""Bringing a lab up: what is started, in which order, and what each thing waits for."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from migrate.lab import (
    backup,
    cluster,
    companions,
    control,
    controllers,
    database,
    disk,
    faultproxy,
    flux,
    git,
    hosts,
    images,
    injector,
    logins,
    network,
    node,
    ports,
    postgresql,
    standins,
    vault,
    world,
)
from migrate.lab.backup import Backup
from migrate.lab.certificates import Authority, signing_key
from migrate.lab.demands import Demands, Server
from migrate.lab.levels import Level
from migrate.lab.machine import Machine
from migrate.lab.steps import Step, Told, carry_out
from migrate.lab.survey import configured, database_address
from migrate.lab.web import Web
from migrate.lab.world import Provider, World
from migrate.planning.files import Files


@dataclass(frozen=True, slots=True)
class Parts:
    """What a lab is made from: programs and folders of definitions by name, PostgreSQL, perhaps a real injector."""

    programs: Mapping[str, Path]
    definitions: Mapping[str, Path]
    postgres: postgresql.Installation
    vault_k8s: Path | None = None
    backup: Backup | None = None


def start(made: World, parts: Parts, machine: Machine, demands: Demands | None, told: Told) -> None:
    """Start every server of the lab's level; returns when all are ready. What fails leaves the rest running."""
    lab = Lab(made, parts, machine, demands)
    carry_out(lab.steps(), told)


class Lab:
    """One lab's steps. Each is a method without arguments, so that the order can be read in one place."""

    def __init__(self, made: World, parts: Parts, machine: Machine, demands: Demands | None) -> None:
        self.world = made
        self.parts = parts
        self.machine = machine
        self.demands = demands
        self.mounts = mounts(demands) if demands else vault.Mounts()
        self.logins = logins.logins(demands, self._files())

    def steps(self) -> list[Step]:
        """Everything to do, by level."""
        wanted = [*self._vault()]
        if self.world.level.holds(Level.CONTROL):
            wanted += self._control()
        if self.world.level is Level.FULL:
            wanted += self._full()
        return wanted

    def _vault(self) -> list[Step]:
        bridge = [Step("bridge", lambda: network.raise_bridge(self.world))] if self.world.level is Level.FULL else []
        return [
            *bridge,
            Step("certificates", self.certify),
            Step("disk", lambda: disk.provide(self.world, self.machine)),
            Step("postgres", self.postgres, ("certificates", "disk")),
            Step("vault", self.vault, ("certificates", "disk")),
            Step("lab-fault", self.faults, ("bridge", "postgres", "vault")),
            Step("vault contents", self.fill_vault, ("vault",)),
        ]

    def _control(self) -> list[Step]:
        programs = self.parts.programs
        started = ("kube-apiserver",)
        return [
            Step("etcd", lambda: control.start_etcd(self.world, programs), ("certificates",)),
            Step("kube-apiserver", lambda: control.start_apiserver(self.world, programs), ("bridge", "etcd")),
            Step("managers", self.managers, started),
            Step("injector", self.injector, self._injector_needs()),
            Step("definitions", self.definitions, started),
            Step("namespaces", self.namespaces, started),
            Step("bootstrap secrets", self.secrets, ("namespaces", "vault contents")),
            Step("webhook", self.webhook, ("injector", *started)),
            Step("hostrules", self.hostrules, ("postgres", "definitions")),
            Step("git", self.git, ("bridge",)),
            Step("external-secrets", self.eso, ("definitions", "bootstrap secrets", "lab-fault")),
            Step("lab-charts", lambda: controllers.start_charts(self.world, programs), started),
            Step("source-controller", self.source, ("definitions", "namespaces", "lab-charts")),
            Step("helm-controller", self.helm, ("definitions", "namespaces")),
            Step("kustomize-controller", self.kustomize, ("definitions", "namespaces")),
            Step("estate", self.estate, ("git", "definitions", "bootstrap secrets", "webhook", "managers", "images")),
        ]

    def _full(self) -> list[Step]:
        return [
            Step("node", lambda: node.start(self.world, self.machine), ("bridge", "certificates")),
            Step("images", self.images),
            Step("registry", lambda: companions.start_registry(self.world), ("bridge", "images")),
            Step("surroundings", lambda: companions.start_surroundings(self.world), ("kube-apiserver",)),
            Step("services", self.services, ("node", "kube-apiserver")),
            Step("resolver", self.resolver, ("bridge", "certificates")),
            Step("kubelet", lambda: node.start_kubelet(self.world, self.parts.programs), _KUBELET_NEEDS),
        ]

    # --- the acts, in the order in which they mostly happen ---------------------------------------------------

    def certify(self) -> None:
        """Make the authority and everybody's certificate."""
        authority = Authority(self.world)
        names = tuple(server.host for server in self._vaults())
        hosts.name(self.world, (*names, *self._databases()))
        vault.certify(self.world, authority, names)
        database.certify(self.world, authority, self._databases())
        signing_key(self.world)
        if self.world.level.holds(Level.CONTROL):
            control.certify(self.world, authority)
            injector.certify(self.world, authority)
        if self.world.level is Level.FULL:
            node.certify(self.world, authority)

    def postgres(self) -> None:
        """Make and start the database, or start it on what a backup has."""
        if (found := self.parts.backup) is not None:
            files = backup.restore_database(self.world, found, self.parts.postgres.major)
            database.start_on(self.world, self.parts.postgres, self.machine, files)
            return
        database.start(self.world, self.parts.postgres, self.machine, self.logins)

    def vault(self) -> None:
        """Start Vault."""
        vault.run(self.world, self.parts.programs, self.machine)

    def faults(self) -> None:
        """Put the fault proxy before Vault and PostgreSQL, on every port the estate knows them by."""
        more = [("vault", server.port) for server in self._vaults()]
        more += [("postgres", server.port) for server in self._configured()]
        faultproxy.start(self.world, self.parts.programs, ("vault", "postgres"), tuple(dict.fromkeys(more)))

    def fill_vault(self) -> None:
        """Open Vault and put into it what the estate's ExternalSecrets take out of it, or what a backup has."""
        if self.parts.backup is not None:
            backup.restore_vault(self.world, self.parts.backup, self.mounts)
            return
        vault.initialise(self.world)
        vault.furnish(self.world, self.mounts, self.demands.values if self.demands else {})

    def managers(self) -> None:
        """Start the controller manager and, with a node, the scheduler."""
        control.start_managers(self.world, self.parts.programs, scheduler=self.world.level is Level.FULL)

    def definitions(self) -> None:
        """Teach the API server ESO's kinds, Flux's, and stand-ins for those of operators that are not here."""
        found = self.parts.definitions
        folders = [found[f"external-secrets-{self.world.eso}"], found["flux"]]
        definitions = cluster.manifests(folders)
        cluster.apply(self.api, definitions)
        missing = cluster.unknown(self.api, self.demands.kinds if self.demands else (), definitions)
        cluster.apply(self.api, cluster.stand_ins(missing))
        cluster.established(self.api)

    def namespaces(self) -> None:
        """Make the namespaces that the estate's objects are in."""
        names = self.demands.namespaces if self.demands else ("flux-system",)
        cluster.apply(self.api, map(cluster.namespace, names))

    def secrets(self) -> None:
        """Make the Secrets that are outside the estate's Git: on the path to Vault, or some operator's."""
        if self.demands is None:
            return
        token = self.world.credential("eso-token").read_text()
        authority = self.world.credential("ca.crt").read_text()
        found: dict[tuple[str, str], dict[str, str]] = {
            place: dict(data) for place, data in self.demands.secrets.items()
        }
        for places, value in ((self.demands.tokens, token), (self.demands.authorities, authority)):
            for namespace, name, key in places:
                found.setdefault((namespace, name), {})[key] = value
        made = [cluster.secret(place, data) for place, data in found.items()]
        cluster.apply(self.api, made)

    def webhook(self) -> None:
        """Register the injector's webhook."""
        cluster.apply(self.api, [injector.configuration(self.world)])

    def injector(self) -> None:
        """Start the injector's webhook."""
        named = next(iter(self._vaults()), None)
        address = named.url if named else self.world.url(ports.VAULT)
        authority = self.world.credential("ca.crt").read_bytes()
        settings = injector.Settings(address, self.mounts.jwt, standins.AGENT, authority)
        if self.parts.vault_k8s is None:
            injector.start(self.world, settings)
        else:
            injector.start_real(self.world, settings, self.parts.vault_k8s)

    def resolver(self) -> None:
        """Give pods the estate's names for its Vault and its databases."""
        called = [*(server.host for server in self._vaults()), *self._databases()]
        called += [login.host for login in self.logins if login.host]
        companions.start_resolver(self.world, dict.fromkeys(called, self.world.address))

    def services(self) -> None:
        """Let the addresses of Services mean their pods."""
        companions.start_services(self.world, node.enter_network(self.world))

    def hostrules(self) -> None:
        """Do what the estate's database operators would with the rules that their objects list."""
        if self.world.provider is Provider.PROCESSES:  # in a container the files are somebody else's
            companions.start_hostrules(self.world, self.demands.kinds if self.demands else ())

    def git(self) -> None:
        """Serve the estate's repository."""
        git.start(self.world, self.parts.programs)
        if self.demands is not None:
            git.push(self.world, Path(self.world.estate), self.demands.root.branch)

    def eso(self) -> None:
        """Start the External Secrets Operator."""
        controllers.start_eso(self.world, self.parts.programs, self.machine)

    def source(self) -> None:
        """Start Flux's source-controller."""
        controllers.start_source(self.world, self.parts.programs)

    def helm(self) -> None:
        """Start Flux's helm-controller."""
        controllers.start_helm(self.world, self.parts.programs)

    def kustomize(self) -> None:
        """Start Flux's kustomize-controller."""
        controllers.start_kustomize(self.world, self.parts.programs)

    def estate(self) -> None:
        """Tell Flux where the estate is."""
        if self.demands is None:
            return
        root, url = self.demands.root, git.url(self.world)
        authority = self.world.credential("ca.crt").read_bytes()
        wanted = [
            *self.demands.first,
            flux.source(root, url),
            flux.kustomization(self.demands, url, authority, pods=self.world.level is Level.FULL),
        ]
        cluster.apply(self.api, wanted)

    def images(self) -> None:
        """Make the images that pods get, whatever they ask for."""
        busybox = Path(shutil.which("busybox") or "/bin/busybox")
        store = images.Store(self.world.data("images"))
        names = standins.image_names(store, busybox, self.parts.programs, self._files())
        world.write_json(self.world.config("images.json"), names)

    @cached_property
    def api(self) -> Web:
        """The API server, once its certificates are there."""
        return control.api(self.world)

    def _injector_needs(self) -> tuple[str, ...]:
        """The real one asks the API server for its certificate's registration; ours asks nobody."""
        return ("bridge", "certificates", *(("kube-apiserver",) if self.parts.vault_k8s else ()))

    def _vaults(self) -> tuple[Server, ...]:
        return self.demands.vaults if self.demands else ()

    def _databases(self) -> tuple[str, ...]:
        """Every name of the database: its Services' for pods, and Vault's own."""
        return (*logins.names(self._files()), *(server.host for server in self._configured()))

    def _configured(self) -> tuple[Server, ...]:
        found = database_address(self.demands) if self.demands else None
        return (found,) if found else ()

    def _files(self) -> Files | None:
        return self.demands.files if self.demands else None


def mounts(found: Demands) -> vault.Mounts:
    """Where the estate's stores and its migrate.yaml say that Vault has what."""
    said = configured(found).vault
    kv = tuple(dict.fromkeys([*found.kv, *filter(None, [said.kv])]))
    jwt = (said.auth.mount or "jwt").removeprefix("auth/")
    return vault.Mounts(kv=kv, database=said.database, pki=said.pki or "pki", jwt=jwt)


_KUBELET_NEEDS = ("node", "registry", "resolver", "kube-apiserver", "managers")
