"""The case of a phase that gives a database login a certificate: one release, its issuer, its server's rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from migrate.estate.inventory import Inventory, Secret
from migrate.model.change import Doc, State
from migrate.model.duration import seconds
from migrate.model.errors import Refused
from migrate.model.plan import Remark, Step, Unknown
from migrate.model.target import Target
from migrate.operations.certificate import CertificateSubject, Issuer, RulesInGit
from migrate.operations.login import postgres
from migrate.planning.cases import Case, Estate, Moved, NothingToDo, Selection
from migrate.planning.certificate.names import names_of, spoken
from migrate.planning.certificate.notes import notes
from migrate.planning.certificate.remarks import remarks, unknowns
from migrate.planning.certificate.rules import rules_of
from migrate.planning.certificate.today import found_today
from migrate.planning.compose import Composition
from migrate.planning.database import behind, servers
from migrate.planning.files import Files
from migrate.planning.login.candidates import Candidate, candidates, choose, shows_certificate
from migrate.planning.login.candidates import Moved as Done
from migrate.planning.login.foresee import foresee
from migrate.planning.login.subjects import Sources, around
from migrate.planning.phases import CertificateSelect, Phase
from migrate.planning.surroundings import injector


def certificate_cases(
    estate: Estate, phase: Phase, select: CertificateSelect, selection: Selection
) -> tuple[Case, ...] | NothingToDo:
    """The one release that the phase is about. Raises Failed and Refused as `choose` and `found_today` do."""
    chosen = _chosen(estate.inventory, estate.files, phase, select, selection)
    if isinstance(chosen, NothingToDo):
        return chosen
    inventory, files, config = estate.inventory, estate.files, estate.config
    sources = Sources(inventory, files, config, select, servers(files), injector(inventory, files))
    subject, secrets = _subject(chosen, select, sources)
    for one in sources.servers:
        if subject.new_login in one.logins:
            raise Refused(
                f"{one.name} manages a login called {subject.new_login}, which this phase would make",
                undone="no plan was made",
                following=f"rename it in {one.found.file}",
            )
    return (CertificateCase(subject, secrets, sources),)


def _chosen(
    inventory: Inventory, files: Files, phase: Phase, select: CertificateSelect, selection: Selection
) -> Candidate | NothingToDo:
    """The release to move. One that shows its certificate already is done; the others are as `choose` says.

    One whose password the agent writes comes last: where `choose` has nothing else to move.
    """
    wanted = {one.name: one for one in candidates(inventory, files, select) if selection.takes(one.name)}
    done = [name for name, one in wanted.items() if isinstance(one.form, Done) and shows_certificate(one.values)]
    if done and len(done) == len(wanted):
        return NothingToDo(f"{done[0]} already shows its certificate")
    chosen = choose(inventory, files, phase, select, replace(selection, exclude=(*selection.exclude, *done)))
    if isinstance(chosen, NothingToDo):  # what phase 1 is done with is where this phase begins
        return next(one for name, one in wanted.items() if name not in done and isinstance(one.form, Done))
    return chosen


def _subject(
    chosen: Candidate, select: CertificateSelect, sources: Sources
) -> tuple[CertificateSubject, tuple[Secret, ...]]:
    """What the operations are given, and what copies its password today, if anything does."""
    found, config = found_today(chosen, sources), sources.config
    server = behind(found.login.host, sources.servers)
    subject = CertificateSubject(
        found.release,
        found.login,
        found.today,
        found.vault,
        found.inventory,
        Issuer(select.mounted(config.vault.pki), seconds(select.life), select.renew_at, seconds(select.outage)),
        rules_of(server, found.login.host, by_hand=config.database.hba == "by-hand"),
        _server_name(chosen, found.login.host),
    )
    return subject, found.secrets


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
    secrets: tuple[Secret, ...]
    """What copies its password today: one ExternalSecret, or none where the agent writes it."""
    sources: Sources

    @property
    def moves(self) -> tuple[Moved, ...]:
        """The ExternalSecret, where there is one."""
        why = f"{self.subject.release.container} reads its password from it"
        return tuple(Moved(one.id, one.file, why) for one in self.secrets)

    @property
    def believed(self) -> tuple[tuple[Target, str], ...]:
        """The release, the ExternalSecret, the injector's release, and the servers that operators run."""
        release = self.subject.release
        copies = ((copied.git, copied.place.file) for copied in self.subject.copies)
        return ((release.target, release.place.file), *copies, *around(self.sources))

    @property
    def watched(self) -> tuple[Target, ...]:
        """The Deployment and the Secret."""
        return (self.subject.release.workload, *(copied.secret for copied in self.subject.copies))

    @property
    def assumed(self) -> Mapping[Target, State]:
        """The login in use can log in, and the Secret belongs to whom its policy says."""
        owned = {copied.owners: copied.owned for copied in self.subject.copies}
        return {postgres(self.subject.left): Doc({"login": True}), **owned}

    def names(self, composition: Composition) -> tuple[dict[str, str], ...]:
        """Names of the release, its login, and what is made for it in Vault."""
        return (names_of(self.subject, composition),)

    def spoken(self, names: dict[str, str]) -> dict[str, str]:
        """The same names for people."""
        return spoken(names)

    def applied_by(self, target: Target) -> str:
        """Who applies the release, or the ExternalSecret; of an operator's object the tree's scan does not say."""
        rules, release = self.subject.rules, self.subject.release
        if isinstance(rules, RulesInGit) and target == rules.target:
            return ""
        return next((one.applied_by for one in self.subject.copies if one.git == target), release.applied_by)

    def remarks(self, composition: Composition) -> Iterable[Remark]:
        """What the tree gives, then what the injector will do. Raises Refused with the injector's own words."""
        yield from remarks(self.subject, self.secrets, self.sources)
        yield from foresee(self.subject, composition, self.sources.injector)

    def unknowns(self) -> tuple[Unknown, ...]:
        """What the tree does not say."""
        return unknowns(self.subject, self.sources)

    def notes(self, steps: tuple[Step, ...]) -> tuple[str, ...]:
        """What a rebuild needs, and what never to do."""
        return notes(self.subject, steps)
