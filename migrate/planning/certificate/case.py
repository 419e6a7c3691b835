"""The case of a phase that gives a database login a certificate: one release, its issuer, its server's rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from migrate.estate.inventory import Inventory
from migrate.model.change import State
from migrate.model.duration import seconds
from migrate.model.errors import Refused
from migrate.model.plan import Remark, Step, Unknown
from migrate.model.target import Target
from migrate.operations.certificate import CertificateSubject, Issuer, RulesInGit
from migrate.planning.cases import Case, Estate, Moved, NothingToDo, Selection
from migrate.planning.certificate.names import names_of, spoken
from migrate.planning.certificate.notes import notes
from migrate.planning.certificate.remarks import remarks, unknowns
from migrate.planning.certificate.rules import rules_of
from migrate.planning.compose import Composition
from migrate.planning.database import behind, servers
from migrate.planning.files import Files
from migrate.planning.login.candidates import Candidate, Copy, candidates, choose, shows_certificate
from migrate.planning.login.candidates import Moved as Done
from migrate.planning.login.case import LoginCase
from migrate.planning.login.foresee import foresee
from migrate.planning.login.subjects import Sources, subject_of
from migrate.planning.phases import CertificateSelect, Phase
from migrate.planning.surroundings import injector


def certificate_cases(
    estate: Estate, phase: Phase, select: CertificateSelect, selection: Selection
) -> tuple[Case, ...] | NothingToDo:
    """The one release that the phase is about. Raises Failed and Refused as `choose` and `subject_of` do."""
    chosen = _chosen(estate.inventory, estate.files, phase, select, selection)
    if isinstance(chosen, NothingToDo):
        return chosen
    assert isinstance(chosen.form, Copy)
    found = injector(estate.inventory, estate.files)
    sources = Sources(estate.inventory, estate.files, estate.config, select, servers(estate.files), found)
    today, secret = subject_of(chosen, chosen.form, sources)
    server = behind(today.login.host, sources.servers)
    subject = CertificateSubject(
        today,
        Issuer(select.mounted(estate.config.vault.pki), seconds(select.life), select.renew_at, seconds(select.outage)),
        rules_of(server, today.login.host, by_hand=estate.config.database.hba == "by-hand"),
        _server_name(chosen, today.login.host),
    )
    for one in sources.servers:
        if subject.new_login in one.logins:
            raise Refused(
                f"{one.name} manages a login called {subject.new_login}, which this phase would make",
                undone="no plan was made",
                following=f"rename it in {one.found.file}",
            )
    return (CertificateCase(subject, LoginCase(today, secret, sources, phase, "static")),)


def _chosen(
    inventory: Inventory, files: Files, phase: Phase, select: CertificateSelect, selection: Selection
) -> Candidate | NothingToDo:
    """The release to move. One that shows its certificate already is done; the others are as `choose` says."""
    wanted = [one for one in candidates(inventory, files, select) if selection.takes(one.name)]
    done = [one.name for one in wanted if isinstance(one.form, Done) and shows_certificate(one.values)]
    if done and len(done) == len(wanted):
        return NothingToDo(f"{done[0]} already shows its certificate")
    chosen = choose(inventory, files, phase, select, replace(selection, exclude=(*selection.exclude, *done)))
    if isinstance(chosen, NothingToDo):
        raise Refused(
            f"HelmRelease {chosen.why}",
            truth=f"{phase.name} starts from a password that an ExternalSecret copies, which is its way back",
            undone="no plan was made",
            following="roll that phase back first (migrate rollback) if it still can be; then plan again",
        )
    return chosen


def _server_name(candidate: Candidate, host: str) -> str:
    name = host.rpartition(":")[0] or host
    if not name or "$" in name or "{{" in name or name.startswith("/"):
        raise Refused(
            f"HelmRelease {candidate.name} ({candidate.found.file}) does not say by which name it reaches its database",
            truth="verify-full compares that name with the server's certificate",
            undone="no plan was made",
            following="write the host out there (host:port), then plan again",
        )
    return name


@dataclass(frozen=True, slots=True)
class CertificateCase:
    """One release that shall show a certificate."""

    subject: CertificateSubject
    today: LoginCase

    @property
    def moves(self) -> tuple[Moved, ...]:
        """The one ExternalSecret."""
        return self.today.moves

    @property
    def believed(self) -> tuple[tuple[Target, str], ...]:
        """The release, the ExternalSecret, the injector's release, and the servers that operators run."""
        return self.today.believed

    @property
    def watched(self) -> tuple[Target, ...]:
        """The Deployment and the Secret."""
        return self.today.watched

    @property
    def assumed(self) -> Mapping[Target, State]:
        """The login in use can log in."""
        return self.today.assumed

    def names(self, composition: Composition) -> tuple[dict[str, str], ...]:
        """Names of the release, its login, and what is made for it in Vault."""
        return tuple(names_of(self.subject, names) for names in self.today.names(composition))

    def spoken(self, names: dict[str, str]) -> dict[str, str]:
        """The same names for people."""
        return spoken(names)

    def applied_by(self, target: Target) -> str:
        """Who applies the release, or the ExternalSecret; of an operator's object the tree's scan does not say."""
        rules = self.subject.rules
        return "" if isinstance(rules, RulesInGit) and target == rules.target else self.today.applied_by(target)

    def remarks(self, composition: Composition) -> Iterable[Remark]:
        """What the tree gives, then what the injector will do. Raises Refused with the injector's own words."""
        yield from remarks(self.subject, self.today.secret, self.today.sources)
        yield from foresee(self.today.subject, composition, self.today.sources.injector)

    def unknowns(self) -> tuple[Unknown, ...]:
        """What the tree does not say."""
        return unknowns(self.subject, self.today.sources)

    def notes(self, steps: tuple[Step, ...]) -> tuple[str, ...]:
        """What a rebuild needs, and what never to do."""
        return notes(self.subject, steps)
