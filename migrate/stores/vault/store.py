"""Policies, login roles, connections and database roles behind the store protocol.

Vault has no compare-and-swap for them: the guard reads, compares and writes, so an edit within those milliseconds
would be overwritten. What was written is read back by whoever called. Nothing here can carry a run's mark: a role and
a connection have no room for it, and a policy's text is fixed before there is a run.
"""

from __future__ import annotations

from dataclasses import dataclass

from migrate.model.change import Absent, Change, Doc, State
from migrate.model.errors import Refused
from migrate.model.json import Json
from migrate.model.ports import Conflict, Denied, Move, Outcome, OutcomeUnknown, Secrets, Snapshot, Unreachable, Written
from migrate.model.target import Target
from migrate.stores.lost import LostError
from migrate.stores.vault.api import Answer, Api
from migrate.targets.compare import fingerprint
from migrate.targets.transit import is_key, key_request, shown, shown_at
from migrate.targets.vault import body, grant, marked, unmarked


@dataclass(frozen=True, slots=True)
class VaultStore:
    """What plans change in one Vault."""

    api: Api

    def read(self, change: Change) -> Snapshot:
        """The target now, a policy without the line of who wrote it. Raises Unreachable, Refused where unreadable."""
        return read(self.api, change.target)

    def write(self, move: Move, seen: Snapshot, secrets: Secrets) -> Outcome:
        """Send one request, if the target still is what was seen."""
        try:
            if self.read(move.change).version != seen.version:
                return Conflict("it is not as it was a moment ago")
            method, path, body = _request(move, secrets)
            answer = self.api.ask(method, path, body)
        except (LostError, Unreachable) as error:
            return OutcomeUnknown(_without(str(error), secrets))
        if not answer.its_own:
            return OutcomeUnknown(f"what answers in Vault's place says HTTP {answer.status}")
        return _outcome(answer, path, method, secrets)

    def identity(self) -> str:
        """Vault's cluster id. Raises Unreachable, also while it is sealed."""
        found = self.api.look("sys/health?standbyok=true&perfstandbyok=true").body.get("cluster_id")
        if not isinstance(found, str):
            raise Unreachable("Vault does not tell its cluster id", following="it is initialized and unsealed")
        return found


def read(api: Api, target: Target) -> Snapshot:
    """A target of Vault as a plan sees it. Raises Unreachable, Refused where it may not be read."""
    path = shown_at(target)
    answer = api.look(path)
    if answer.status == 403:
        raise Refused(
            f"the token may not read {path} in Vault",
            truth="what is there is not known",
            undone="nothing was written",
            following=f"grant it: {grant(path, 'read')}",
        )
    state = _shown(target, answer)
    return Snapshot(state, fingerprint(target, state))


def _shown(target: Target, answer: Answer) -> State:
    if not answer.ok:
        return Absent()
    data = shown(target, dict(answer.data))
    return Doc({"policy": unmarked(str(data.get("policy", "")))} if target.kind == "policy" else data)


def _request(move: Move, secrets: Secrets) -> tuple[str, str, dict[str, Json] | None]:
    target, after = move.change.target, move.change.after
    if is_key(target):  # before all else: a key is never deleted
        return "post", *key_request(move.change)
    if isinstance(after, Absent):
        return "delete", target.path, None
    said = body(target, after.value if isinstance(after, Doc) else {})
    if target.kind == "policy":
        text = str(said.get("policy", ""))
        return "post", target.path, {"policy": marked(text, move.plan) if move.way == "forward" else text}
    return "post", target.path, {**said, **secrets.values}


def _outcome(answer: Answer, path: str, method: str, secrets: Secrets) -> Outcome:
    why = _without(answer.errors, secrets)
    match answer.status:
        case status if 200 <= status < 300:
            return Written()
        case 403:
            capabilities = ("delete",) if method == "delete" else ("create", "update")
            granting = f"grant it: {grant(path, *capabilities)}"
            return Denied(f"the token may not write {path} in Vault", granting, right=True)
        case _ if answer.later:
            return OutcomeUnknown(f"Vault: {why}")
        case 409 | 422:
            return Conflict(why)
        case _:
            return Denied(f"Vault: {why}")


def _without(text: str, secrets: Secrets) -> str:
    """A server may quote what it was sent."""
    for value in secrets.values.values():
        text = text.replace(value, "***") if value else text
    return text
