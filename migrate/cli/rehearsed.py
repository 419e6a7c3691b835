"""What a command of a rehearsal knows: that a lab's servers stand for the estate's, and which ones these are.

`migrate rehearse` starts ordinary commands with the variable MIGRATE_REHEARSAL, which names a file. Such a command can
write to that lab only: each server is asked who it is before anything else, and any other answer is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from migrate.model.errors import Failed, Refused

if TYPE_CHECKING:
    from migrate.model.change import Change, State
    from migrate.model.config import Config
    from migrate.model.plan import Gate, Plan
    from migrate.model.ports import Move, Outcome, Secrets, Snapshot, Store
    from migrate.model.target import StoreName

VARIABLE = "MIGRATE_REHEARSAL"
_SILENCES = frozenset({"quiet", "settled"})
"""Seconds for which nobody may have written a column the old way: a soak by another name."""
_AUTHORITY = "tls_ca"
"""Where a connection of Vault's names who signs the database's certificate."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A lab in the place of an estate's servers. Credentials are by file; `soak`: seconds that a soak takes here."""

    lab: Mapping[str, str]
    """The lab's identities by store."""
    vault: str
    ca: str
    token: str
    admin: str
    soak: int
    restored: str = ""
    """Where a second Vault answers once somebody has restored a backup of the first, and the token for it."""
    restored_token: str = ""

    def settings(self, config: Config) -> Config:
        """The estate's settings with the lab's servers, reached with the lab's credentials."""
        from migrate.model.config import Kube, Restored, Source, TokenSource

        vault = config.vault.model_copy(
            update={"address": self.vault, "ca": self.ca, "token": TokenSource(file=self.token)}
        )
        database = config.database.model_copy(update={"ca": self.ca, "admin": Source(file=self.admin)})
        second = Restored(address=self.restored, ca=self.ca, token=Source(file=self.restored_token))
        transit = config.transit.model_copy(update={"restored": second if self.restored else None})
        more = {"kube": Kube(), "transit": transit}
        return config.model_copy(update={"vault": vault, "database": database, **more})

    def standing_in(self, stores: Mapping[StoreName, Store], plan: Plan) -> dict[StoreName, Store]:
        """The lab's stores under the names that the plan knows. Raises Refused for any other server, Unreachable."""
        for name, store in stores.items():
            if store.identity() != self.lab.get(name):
                raise Refused(
                    f"{name} is not the rehearsal's lab",
                    truth=f"the variable {VARIABLE} is set: this command writes to that lab and to nothing else",
                    undone="nothing was written",
                    following=f"unset {VARIABLE}",
                )
        known = dict(plan.places)
        return {name: StandIn(store, known.get(name, self.lab[name])) for name, store in stores.items()}

    def played(self, plan: Plan) -> Plan:
        """The same plan with short soaks and silences, the lab's authority where it names the database's, and only
        those facts that a lab can show: the files'.
        """
        gates = tuple(self._hurried(gate) for gate in plan.gates)
        steps = tuple(replace(step, change=self._trusting(step.change)) for step in plan.steps)
        return replace(plan, gates=gates, steps=steps, facts=tuple(fact for fact in plan.facts if fact.file))

    def _hurried(self, gate: Gate) -> Gate:
        about = tuple((name, str(self.soak) if name in _SILENCES else value) for name, value in gate.about)
        return replace(gate, soak=f"{self.soak}s" if gate.soak != "0s" else gate.soak, about=about)

    def _trusting(self, change: Change) -> Change:
        return replace(change, before=self._trusted(change.before), after=self._trusted(change.after))

    def _trusted(self, state: State) -> State:
        from migrate.model.change import Doc

        if not (isinstance(state, Doc) and isinstance(state.value, dict) and _AUTHORITY in state.value):
            return state
        return Doc({**state.value, _AUTHORITY: Path(self.ca).read_text()})

    def write(self, path: Path) -> None:
        """Keep it for the commands to come."""
        path.write_text(json.dumps(asdict(self)))


@dataclass(frozen=True, slots=True)
class StandIn:
    """A store of the lab that says it is the estate's."""

    store: Store
    name: str

    def read(self, change: Change) -> Snapshot:
        """As the store. Raises Unreachable."""
        return self.store.read(change)

    def write(self, move: Move, seen: Snapshot, secrets: Secrets) -> Outcome:
        """As the store."""
        return self.store.write(move, seen, secrets)

    def identity(self) -> str:
        """Whom it stands for."""
        return self.name


def rehearsal(environment: Mapping[str, str]) -> Rehearsal | None:
    """The rehearsal this command is part of; None in ordinary life. Raises Failed where its file is gone."""
    named = environment.get(VARIABLE)
    if not named:
        return None
    try:
        return Rehearsal(**json.loads(Path(named).read_text()))
    except (OSError, ValueError, TypeError):
        raise Failed(
            f"the rehearsal that {VARIABLE} names is over",
            undone="nothing was done",
            following=f"unset {VARIABLE}",
        ) from None
