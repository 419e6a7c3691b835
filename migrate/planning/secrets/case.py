"""The cases of a phase that moves secrets: the workloads that are wanted, in their order, each with its Secrets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from migrate.estate.inventory import VERDICTS, Inventory
from migrate.estate.profiles import shipped
from migrate.estate.settle import arriving
from migrate.model.change import State
from migrate.model.errors import Refused
from migrate.model.json import Json
from migrate.model.plan import Remark, Step, Unknown
from migrate.model.target import Target
from migrate.operations.secrets import Manifest, SecretsSubject
from migrate.operations.subject import ServiceAccount
from migrate.planning.accounts import Accounts, accounts
from migrate.planning.cases import Case, Estate, Moved, NothingToDo, Selection
from migrate.planning.compose import Composition
from migrate.planning.configuration import scan_settings
from migrate.planning.copies import Copiers, Gone, Listings, copied_together, copiers, kustomizations
from migrate.planning.login.candidates import claims
from migrate.planning.phases import Phase, SecretsSelect, all_phases
from migrate.planning.secrets.names import names_of, release_edits, template_after
from migrate.planning.secrets.pins import pin_remarks, pins_of, unversioned, unversioned_remarks
from migrate.planning.secrets.releases import Charts
from migrate.planning.secrets.remarks import foresee, insist_on_last_word, notes, remarks, unknowns
from migrate.planning.secrets.worklist import left_out, left_to, worklist
from migrate.planning.secrets.workloads import Candidate, Fit, Unfit, candidates
from migrate.planning.surroundings import Injector, injector, vault_side

_NAMED = 5
"""So many workloads of one reason are named."""


def secrets_cases(
    estate: Estate, phase: Phase, select: SecretsSelect, selection: Selection
) -> tuple[Case, ...] | NothingToDo:
    """The workloads that are wanted; without a selection the easiest of the first wave.

    What a phase that moves database logins would take is left to it, unless it is named: a password that Vault rotates
    is worth more than a copy of it in a file. Raises Refused where one that is named cannot move, or none of those that
    are left can.
    """
    profiles = shipped().told(scan_settings(estate.config).adapters)
    charts = Charts(profiles, estate.files, estate.config.rendered)
    every = candidates(estate.inventory, estate.files, select, charts)
    claimed = {} if selection.only else dict(left_to(every, claims(estate.inventory, estate.files, all_phases())))
    found = [one for one in every if one.name not in claimed]
    wanted = _wanted(found, phase, select, selection, estate.inventory, tuple(one.text for one in claimed.values()))
    if isinstance(wanted, NothingToDo):
        return wanted
    retired_by = _retired_by(wanted, estate.inventory)
    tree = estate.inventory, estate.files
    shared = _Shared(
        estate, charts, injector(*tree), kustomizations(estate.files), accounts(*tree), copiers(estate.inventory)
    )
    aside = (*claimed.values(), *left_out(found), *worklist(estate.inventory))
    cases, gone = list[SecretsCase](), Gone()
    for one in wanted:
        if isinstance(one.form, Fit):
            cases.append(shared.case(one, one.form, retired_by, gone, () if cases else aside))
            gone.take(cases[-1].subject.copies)
    return tuple(cases)


def _wanted(
    found: list[Candidate],
    phase: Phase,
    select: SecretsSelect,
    selection: Selection,
    inventory: Inventory,
    left: tuple[str, ...],
) -> list[Candidate] | NothingToDo:
    taken = [one for one in found if selection.takes(one.name) and selection.wave in {None, one.wave}]
    missing = sorted(set(selection.only) - {one.name for one in found})
    if missing:
        names = ", ".join(one.name for one in found) or "none"
        raise Refused(
            f"{phase.name} finds nothing to move at {', '.join(missing)}",
            truth=f"workloads that read secrets it moves: {names}",
            undone="no plan was made",
            following="name one of those; migrate scan shows what reads which Secret",
        )
    fit = [one for one in taken if isinstance(one.form, Fit)]
    unfit = [one for one in taken if isinstance(one.form, Unfit)]
    if unfit and (selection.only or not fit):
        raise _none_fits(unfit, phase, left)
    if not taken and found:
        raise _nothing_chosen(found, phase)
    if not fit:
        return NothingToDo("; ".join(left) or _nothing_left(inventory, select))
    return fit if selection.only or selection.wave is not None else [min(fit, key=_effort)]


def _effort(one: Candidate) -> tuple[int, int, int, int, str]:
    """How much hangs on a workload, whether a command of it is wrapped, and how many files it needs."""
    assert isinstance(one.form, Fit)
    wrapped = sum(bool(change.exports) for change in one.form.brought.change.containers)
    return one.wave, one.behind, wrapped, len(one.form.brought.files), one.name


def _nothing_left(inventory: Inventory, select: SecretsSelect) -> str:
    """Why no workload is there to move."""
    if not inventory.secrets:
        return "there is no ExternalSecret here"
    counts = inventory.totals()
    there = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    wanted = " or ".join(select.verdicts)
    return f"none of its {len(inventory.secrets)} ExternalSecrets is {wanted}, applied, and read by a pod ({there})"


def _nothing_chosen(found: list[Candidate], phase: Phase) -> Refused:
    waves = ", ".join(f"{one.name} (wave {one.wave})" for one in found)
    return Refused(
        f"none of the workloads that {phase.name} could move is in that selection",
        truth=f"it could move {waves}",
        undone="no plan was made",
        following="choose by --wave, --only or --exclude among those",
    )


def _none_fits(unfit: list[Candidate], phase: Phase, left: tuple[str, ...]) -> Refused:
    reasons = dict[str, list[str]]()
    for one in unfit:
        if isinstance(one.form, Unfit):
            reasons.setdefault(one.form.why, []).append(f"{one.workload.kind} {one.name}")
    told = "; ".join(f"{_some(names)}: {why}" for why, names in reasons.items())
    return Refused(
        f"{phase.name} cannot move {told}",
        truth="; ".join(("their Secrets stay in ESO, and nothing changes for them", *left)),
        undone="no plan was made",
        following="bring what is named into that form, give the image an adapter in migrate.yaml, or leave it out "
        "(--exclude)",
    )


def _some(names: list[str]) -> str:
    """The first names, and how many more there are."""
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _retired_by(wanted: Sequence[Candidate], inventory: Inventory) -> dict[str, str]:
    """For each ExternalSecret that nobody else reads, the last workload of the plan that does.

    One whose file makes several (a base, a component) stays: taking it away there would take the others along.
    """
    made = Counter((one.file, one.document) for one in inventory.secrets)
    ours = {(one.workload.kind, one.workload.namespace, one.workload.name) for one in wanted}
    answer = dict[str, str]()
    for one in wanted:
        for secret in one.secrets:
            readers = {(reader.kind, reader.namespace, reader.name) for reader in secret.readers if reader.wired}
            if readers <= ours and not secret.copied and made[secret.file, secret.document] == 1:
                answer[secret.id] = one.name
    return answer


@dataclass(frozen=True, slots=True)
class _Shared:
    """What every case of a plan is made from."""

    estate: Estate
    charts: Charts
    injector: Injector | None
    listings: Listings
    accounts: Accounts
    copiers: Copiers

    def case(
        self,
        one: Candidate,
        form: Fit,
        retired_by: Mapping[str, str],
        gone: Gone,
        aside: tuple[Remark, ...],
    ) -> SecretsCase:
        """The case of one. `gone`: what earlier ones retire, `aside`: what is said of those that stay."""
        estate, manifest = self.estate, form.manifest
        pairs = [(secret, retired_by.get(secret.id) == one.name) for secret in one.secrets]
        copies = copied_together(pairs, estate.files, estate.inventory, self.listings, gone)
        entries = [f"secret {secret.id} ({secret.file}, verdict {secret.verdict})" for secret in one.secrets]
        subject = SecretsSubject(
            manifest=manifest,
            account=self._account(one, manifest),
            change=form.brought.change,
            files=form.brought.files,
            paths=form.brought.paths,
            replaced=form.brought.replaced,
            copies=copies,
            vault=vault_side(estate.config, estate.inventory.store_of(one.secrets[0]), self.injector),
            owner=form.brought.owner,
            inventory=(f"workload {manifest.kind} {one.name} ({manifest.place.file})", *entries),
        )
        return SecretsCase(subject, one, self, aside)

    def _account(self, one: Candidate, manifest: Manifest) -> ServiceAccount:
        """Its own one, or a new one called like the workload where it shares, or has none."""
        name, namespace, made = manifest.account, manifest.workload.namespace, manifest.account_made
        shared = self.accounts.shared_with(namespace, name, one.workload.kind, one.workload.name)
        # One that a chart makes stays: it would go with the name, and whoever else runs under it with it.
        own = made or (name != "default" and not shared)
        wanted = name if own else self.accounts.free(namespace, manifest.workload.short, name)
        return ServiceAccount(name, made, shared, wanted)


@dataclass(frozen=True, slots=True)
class SecretsCase:
    """One workload whose secrets the agent shall bring."""

    subject: SecretsSubject
    candidate: Candidate
    shared: _Shared
    aside: tuple[Remark, ...]

    @property
    def moves(self) -> tuple[Moved, ...]:
        """Its ExternalSecrets."""
        why = f"{self.subject.manifest.kind} {self.subject.unit} reads it (wave {self.candidate.wave})"
        return tuple(Moved(one.id, one.file, why) for one in self.candidate.secrets)

    @property
    def believed(self) -> tuple[tuple[Target, str], ...]:
        """The workload, its ExternalSecrets, and the injector's release."""
        manifest, injector = self.subject.manifest, self.shared.injector
        around = [injector.found] if injector else []
        return (
            (manifest.target, manifest.place.file),
            *((copied.git, copied.place.file) for copied in self.subject.copies),
            *((Target("git", one.kind, f"{one.namespace}/{one.name}"), one.file) for one in around),
        )

    @property
    def watched(self) -> tuple[Target, ...]:
        """The workload and its Secrets."""
        copies = self.subject.copies
        secrets = (Target("cluster", "Secret", f"{one.namespace}/{one.target_secret}") for one in copies)
        return (self.subject.manifest.workload, *secrets)

    @property
    def assumed(self) -> Mapping[Target, State]:
        """Each Secret belongs to whom its policy says."""
        return {copied.owners: copied.owned for copied in self.subject.copies if copied.retire}

    def names(self, composition: Composition) -> tuple[dict[str, str], ...]:
        """Names of the workload and, one after the other, of its Secrets."""
        config = self.shared.estate.config
        template, edits = self._template(composition), release_edits(self.subject, composition)
        pins = pins_of(composition.found, self._versioned())
        return names_of(self.subject, template, edits, self.shared.charts.profiles, config.breakGlass or "", pins)

    def _versioned(self) -> list[str]:
        """The paths in KV version 2 of which it reads the newest version, and none that its ExternalSecret names."""
        plain = {path for path, _ in unversioned(self.candidate.secrets, self.shared.estate.inventory)}
        newest = {path for path in self.subject.paths if any(f'"{path}"' in one.template for one in self.subject.files)}
        return [path for path in self.subject.paths if path in newest - plain]

    def _template(self, composition: Composition) -> dict[str, Json]:
        """The pod's template after the cutover."""
        charts, workload, manifest = self.shared.charts, self.candidate.workload, self.subject.manifest

        def made(document: Json) -> Json:
            return charts.after(workload, manifest, arriving(document, manifest.variables))

        return template_after(self.subject, composition, made)

    def spoken(self, names: dict[str, str]) -> dict[str, str]:
        """The same names for people."""
        whole = names["secret_key"] or "all of them"
        return names | {"audience": names["audience"] or "(unknown)", "secret_key": whole.replace(",", ", ")}

    def applied_by(self, target: Target) -> str:
        """Who applies the workload, or its ExternalSecrets."""
        if target == self.subject.git:
            return self.subject.manifest.applied_by
        own = [one for one in self.subject.copies if one.git == target] or list(self.subject.copies)
        return ",".join(dict.fromkeys(one.applied_by for one in own if one.applied_by))

    def remarks(self, composition: Composition) -> Iterable[Remark]:
        """What the tree gives, then what the injector will do. Raises Refused with the injector's own words."""
        estate, injector = self.shared.estate, self.shared.injector
        yield from remarks(
            self.subject, self.candidate.secrets, estate.inventory, self.shared.copiers, estate.files, injector
        )
        yield from pin_remarks(composition.found, self._versioned(), self.subject.unit)
        yield from unversioned_remarks(self.candidate.secrets, estate.inventory)
        yield from self.aside
        if isinstance(self.candidate.form, Fit):
            insist_on_last_word(self.subject, self.candidate.form.standing, composition)
        yield from foresee(self.subject, self._template(composition), injector)

    def unknowns(self) -> tuple[Unknown, ...]:
        """What the tree does not say."""
        return unknowns(self.subject, self.shared.estate.config, self.shared.injector)

    def notes(self, steps: tuple[Step, ...]) -> tuple[str, ...]:
        """What happens on change from now on, and what stays."""
        return notes(self.subject)
