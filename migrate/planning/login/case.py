"""The case of a phase that moves a database login: one release, its ExternalSecret, its login."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from migrate.estate.inventory import Secret
from migrate.model.change import Doc, State
from migrate.model.plan import Remark, Step, Unknown
from migrate.model.target import Target
from migrate.operations.login import LoginSubject, postgres
from migrate.planning.cases import Case, Estate, Moved, NothingToDo, Selection
from migrate.planning.compose import Composition
from migrate.planning.database import servers
from migrate.planning.login.candidates import Copy, choose
from migrate.planning.login.foresee import foresee
from migrate.planning.login.names import names_of, spoken
from migrate.planning.login.notes import notes
from migrate.planning.login.remarks import remarks, unknowns
from migrate.planning.login.subjects import Sources, around, subject_of
from migrate.planning.phases import Credential, LoginSelect, Phase
from migrate.planning.surroundings import injector


def login_cases(
    estate: Estate, phase: Phase, select: LoginSelect, credential: Credential, selection: Selection
) -> tuple[Case, ...] | NothingToDo:
    """The one release that the phase is about. Raises Failed and Refused as `choose` and `subject_of` do."""
    chosen = choose(estate.inventory, estate.files, phase, select, selection)
    if isinstance(chosen, NothingToDo):
        return chosen
    assert isinstance(chosen.form, Copy)
    found = injector(estate.inventory, estate.files)
    sources = Sources(
        estate.inventory, estate.files, estate.config, select, servers(estate.files), found, estate.database_ca
    )
    subject, secret = subject_of(chosen, chosen.form, sources)
    return (LoginCase(subject, secret, sources, phase, credential),)


@dataclass(frozen=True, slots=True)
class LoginCase:
    """One release whose login Vault shall rotate."""

    subject: LoginSubject
    secret: Secret
    sources: Sources
    phase: Phase
    credential: Credential

    @property
    def moves(self) -> tuple[Moved, ...]:
        """The one ExternalSecret."""
        why = f"{self.subject.release.container} reads its key {self.subject.key}"
        return (Moved(self.secret.id, self.secret.file, why),)

    @property
    def believed(self) -> tuple[tuple[Target, str], ...]:
        """The release, the ExternalSecret, the injector's release, and the servers that operators run."""
        release, copied = self.subject.release, self.subject.copied
        return ((release.target, release.place.file), (copied.git, copied.place.file), *around(self.sources))

    @property
    def watched(self) -> tuple[Target, ...]:
        """The Deployment and the Secret."""
        return (self.subject.release.workload, self.subject.copied.secret)

    @property
    def assumed(self) -> Mapping[Target, State]:
        """The login in use can log in, and the Secret belongs to whom its policy says."""
        copied = self.subject.copied
        return {postgres(self.subject.login.owner): Doc({"login": True}), copied.owners: copied.owned}

    def names(self, composition: Composition) -> tuple[dict[str, str], ...]:
        """Names of the release, its login, and what is made for it in Vault."""
        return (names_of(self.subject, composition, self.phase, self.credential),)

    def spoken(self, names: dict[str, str]) -> dict[str, str]:
        """The same names for people, who should see what is unknown."""
        return spoken(names)

    def applied_by(self, target: Target) -> str:
        """Who applies the release, or the ExternalSecret."""
        release, copied = self.subject.release, self.subject.copied
        return copied.applied_by if target == copied.git else release.applied_by

    def remarks(self, composition: Composition) -> Iterable[Remark]:
        """What the tree gives, then what the injector will do where pods change. Raises Refused in its own words."""
        yield from remarks(self.subject, self.secret, self.sources, self.credential)
        if any(step.change.target == self.subject.git for step in composition.steps):
            yield from foresee(self.subject, composition, self.sources.injector)

    def unknowns(self) -> tuple[Unknown, ...]:
        """What the tree does not say."""
        return unknowns(self.subject, self.sources)

    def notes(self, steps: tuple[Step, ...]) -> tuple[str, ...]:
        """What a rebuild needs, and what never to do."""
        return notes(self.subject, self.sources, self.credential, steps)
