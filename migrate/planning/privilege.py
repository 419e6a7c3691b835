"""How much less each workload can read: through the token of ESO's store, and with a policy of its own. Path by path.

Whoever may make an ExternalSecret in a namespace has any value that the store's token reads copied there: that is what
a workload "could" read, whatever it uses. A rule: an estate, plans and policies in, rows out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from migrate.estate.held import held_by, paths_by_secret
from migrate.estate.inventory import Inventory, Secret, Store
from migrate.grants.access import capabilities
from migrate.grants.policy import Rule
from migrate.grants.reading import UnreadableError, read_policy
from migrate.model.change import Doc
from migrate.model.json import mapping, text_at
from migrate.model.plan import Plan


@dataclass(frozen=True, slots=True)
class Own:
    """A moved workload's own policies. `says`: who knows them, `plan` or `vault`."""

    unit: str
    policies: tuple[str, ...]
    rules: tuple[Rule, ...]
    says: str
    secrets: frozenset[tuple[str, str]]
    """The secrets, by namespace and name, whose values it now has from Vault itself."""


@dataclass(frozen=True, slots=True)
class Path:
    """One path and who can read it: `could` through ESO's token, `used` by its own Secrets, `can` by its policy."""

    path: str
    could: bool
    used: bool
    can: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One workload. `policies`: its own; empty where it still has everything from ESO."""

    workload: str
    stores: tuple[str, ...]
    policies: tuple[str, ...]
    says: str
    paths: tuple[Path, ...]

    @property
    def moved(self) -> bool:
        """Whether it has a policy of its own."""
        return bool(self.says)

    def count(self, which: str) -> int:
        """How many paths are so."""
        return sum(getattr(one, which) for one in self.paths)


@dataclass(frozen=True, slots=True)
class Readers:
    """What the tokens of stores may read, by store label; a store that is missing could not be asked.

    `listed`: further paths that Vault holds, where they may be listed.
    """

    rules: Mapping[str, tuple[Rule, ...]]
    listed: tuple[str, ...] = ()


def label(kind: str, namespace: str | None, name: str) -> str:
    """A store as people say it."""
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def owns(plan: Plan, inventory: Inventory, current: Mapping[str, str | None] | None = None) -> Iterator[Own]:
    """Each workload that a plan gives policies to.

    `current`: the policies' texts as Vault has them now (None: not there), where it was asked.
    """
    moved = [mapping(one) for one in plan.verdicts if mapping(one).get("inPhase") is True]
    secrets = {(text_at(one, "namespace") or "", text_at(one, "name") or "") for one in moved}
    for unit in dict.fromkeys(step.unit for step in plan.steps):
        planned = {
            step.change.target.name: text_at(step.change.after.value, "policy") or ""
            for step in plan.steps
            if step.unit == unit and step.change.target.kind == "policy" and isinstance(step.change.after, Doc)
        }
        texts = planned if current is None else {name: current.get(name) or "" for name in planned}
        rules = tuple(rule for name, text in texts.items() for rule in _rules(name, text))
        if planned:
            says = "plan" if current is None else "vault"
            yield Own(unit, tuple(planned), rules, says, frozenset(_secrets_of(unit, secrets, inventory)))


def _secrets_of(unit: str, moved: set[tuple[str, str]], inventory: Inventory) -> Iterator[tuple[str, str]]:
    """Which of the secrets that a plan moves are this workload's: those it reads, where the tree names it.

    A workload that a chart makes has a name of the chart's, and then its namespace decides.
    """
    namespace, _, name = unit.partition("/")
    known = [one for one in inventory.workloads if (one.namespace, one.name) == (namespace, name)]
    reads = {secret for one in known for secret in one.secrets}
    for one in moved:
        if "/".join(one) in reads if reads else one[0] == namespace:
            yield one


def _rules(name: str, text: str) -> tuple[Rule, ...]:
    try:
        return read_policy(name, text).rules
    except UnreadableError:
        return ()  # Vault refused it, so nobody has anything from it


def compared(inventory: Inventory, moved: Iterable[Own], readers: Readers) -> list[Row]:
    """A row for each workload that reads what ESO copies, and for each that was moved, by name."""
    owns = list(moved)
    rows = [_moved_row(one, inventory, readers) for one in owns]
    gone = {secret for one in owns for secret in one.secrets}
    for workload in (one for one in inventory.workloads if one.wired):
        secrets = [one for one in inventory.secrets if one.id in workload.secrets]
        kept = [one for one in secrets if (one.namespace, one.name) not in gone]
        if kept:
            name = f"{workload.kind} {workload.namespace}/{workload.name}"
            rows.append(_row(name, kept, inventory, readers, None))
    return sorted(rows, key=lambda row: (not row.moved, row.workload))


def _moved_row(one: Own, inventory: Inventory, readers: Readers) -> Row:
    secrets = [secret for secret in inventory.secrets if (secret.namespace, secret.name) in one.secrets]
    return _row(one.unit, secrets, inventory, readers, one)


def _row(workload: str, secrets: Sequence[Secret], inventory: Inventory, readers: Readers, mine: Own | None) -> Row:
    stores = list(dict.fromkeys(store for one in secrets if (store := _vault_store(inventory, one)) is not None))
    could = {path for store in stores for path in _readable(store, inventory, readers)}
    used = {path for one in secrets for path in paths_by_secret(inventory).get((one.namespace, one.name), [])}
    can = set(_granted(mine, could | used)) if mine else set()
    paths = tuple(Path(path, path in could, path in used, path in can) for path in sorted(could | used | can))
    names = tuple(label(store.kind, store.namespace, store.name) for store in stores)
    return Row(workload, names, mine.policies if mine else (), mine.says if mine else "", paths)


def _vault_store(inventory: Inventory, secret: Secret) -> Store | None:
    store = inventory.store_of(secret)
    return store if store is not None and store.provider == "vault" else None


def _readable(store: Store, inventory: Inventory, readers: Readers) -> Iterator[str]:
    """What the store's token reads: by its policies where they are known, else at least what it copies."""
    rules = readers.rules.get(label(store.kind, store.namespace, store.name))
    if rules is None:
        for secret in inventory.secrets:
            if inventory.store_of(secret) == store:
                yield from held_by(store, secret)
        return
    known = {path for paths in paths_by_secret(inventory).values() for path in paths}
    yield from (path for path in known | {*readers.listed} if "read" in capabilities(rules, path))
    yield from (rule.path for rule in rules if _exact(rule) and "read" in capabilities(rules, rule.path))


def _granted(mine: Own, known: set[str]) -> Iterator[str]:
    """What a workload's own rules let it read: the paths they name, and of the known ones those a pattern covers."""
    yield from (path for path in known if "read" in capabilities(mine.rules, path))
    yield from (rule.path for rule in mine.rules if "read" in rule.capabilities and not rule.denies)


def _exact(rule: Rule) -> bool:
    return not set("*+") & set(rule.path)
