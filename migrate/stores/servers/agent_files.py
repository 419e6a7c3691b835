"""What the agent of a workload's next pod would write, seen before there is such a pod, and compared with the Secret.

The configuration is the one that the injector's rules give that pod. Where the ServiceAccount is there the agent logs
in as it; where it comes with the cutover, it gets a token of minutes with the workload's one policy. Either is revoked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from migrate.injector.oneshot import LENT_FOR, ElsewhereError, Here, issues, oneshot
from migrate.injector.prediction import Mutated, agent_configs, predict
from migrate.injector.settings import Settings
from migrate.model.config import Trials
from migrate.model.json import Json, mapping, text
from migrate.stores.cluster import secrets
from migrate.stores.cluster.accounts import token
from migrate.stores.cluster.trial import laid_over, workload_named
from migrate.stores.cluster.workloads import pod_template
from migrate.stores.servers import agent
from migrate.stores.servers.agent import Entry, Fault, Unclear, Wrote
from migrate.stores.servers.logins import Logins
from migrate.stores.servers.synced import same

_NO_VALUE = b"<no value>"
"""What a template writes where a field is not there, unless it is told to fail."""
_TRIALS = {"certificate": "certificate", "login": "issuedLogin"}
"""What running it brings into being, by the trial that permits that."""
_Shown: TypeAlias = dict[str, Json]


@dataclass(frozen=True, slots=True)
class AgentFiles:
    """One trial. `trials`: what the operator permits."""

    logins: Logins
    trials: Trials

    def seen(self, name: str, asked: str) -> _Shown | None:
        """As `migrate/checks/observations.py` says of `AgentFiles`. Raises Unreachable."""
        if not self.trials.agent:
            return {"off": "trials.agent"}
        wanted = mapping(json.loads(asked))
        found = workload_named(self.logins.cluster, name)
        if not found.ok:
            return {} if found.status == 403 else None
        pod = laid_over(pod_template(found.body), json.loads(text(wanted.get("pod"))))
        predicted = self._predicted(pod, text(wanted.get("namespace")))
        if isinstance(predicted, str):
            return _untried(predicted, "see what gate pod.dryrun says of that pod")
        for made in issues(predicted):
            if not getattr(self.trials, _TRIALS[made]):
                return {"off": f"trials.{_TRIALS[made]}"}
        return self._tried(predicted, wanted)

    def _predicted(self, pod: dict[str, Json], namespace: str) -> dict[str, Json] | str:
        """The configuration of its first agent, or why it has none."""
        found = predict({"apiVersion": "v1", "kind": "Pod", **pod}, namespace, Settings(self.logins.vault.address))
        if not isinstance(found, Mutated):
            return "by the injector's rules that pod gets no agent"
        configured = agent_configs(found.pod)
        if not configured:
            return "its agent is configured by a ConfigMap"
        return mapping(configured.get("vault-agent-init") or next(iter(configured.values())))

    def _tried(self, predicted: dict[str, Json], wanted: dict[str, Json]) -> _Shown:
        program, where = agent.program(), agent.memory()
        if program is None:
            return _untried("neither vault nor bao is on the PATH", "put one there, of the version the pods run")
        if where is None:
            return _untried("no file system in memory can be written here", "run it where /dev/shm is a tmpfs")
        entry = self._entry(wanted)
        if not isinstance(entry, Entry):
            return entry
        try:
            ran = self._ran(program, where, entry, predicted)
        except ElsewhereError as error:
            return _untried(str(error), "see it in the pod")
        match ran:
            case Unclear(why, settles):
                return _untried(why, settles)
            case Fault(kind, at, by):
                return {"fault": kind, "at": at, "by": by}
            case Wrote(files, by):
                return {"by": by, **self._compared(files, mapping(json.loads(text(wanted.get("copies")))))}

    def _ran(self, program: str, where: str, entry: Entry, predicted: dict[str, Json]) -> agent.Ran:
        """One run; the tokens that it had are ended. Raises ElsewhereError."""
        vault, borne = self.logins.vault, [entry.secret] if entry.token else []
        try:
            ran = agent.run(
                program, where, entry, lambda at: oneshot(predicted, Here(at, vault.address, vault.ca, entry.token))
            )
            borne += [ran.token] if ran.token else []
            return ran
        finally:
            for bearer in borne:
                vault.bearing(bearer).end_token()

    def _entry(self, wanted: dict[str, Json]) -> Entry | _Shown:
        name = f"{text(wanted.get('namespace'))}/{text(wanted.get('account'))}"
        if wanted.get("account_comes"):
            return self._lent(text(wanted.get("policy")))
        jwt = token(self.logins.cluster, name, text(wanted.get("audience")))
        if jwt is None:
            return _untried(
                f"no token of ServiceAccount {name} may be made", f"grant create on serviceaccounts/token of {name}"
            )
        return Entry(jwt, token=False)

    def _lent(self, policy: str) -> Entry | _Shown:
        """A token with the workload's policy, made by the operator's, and as good as the workload's at reading."""
        wanted: _Shown = {"policies": [policy], "ttl": LENT_FOR, "renewable": False}
        made = self.logins.vault.told("post", "auth/token/create", wanted)
        bearer = made.auth.get("client_token")
        if not made.ok or not isinstance(bearer, str):
            return _untried(
                f"its ServiceAccount comes with the cutover, and no token with policy {policy} may be made: "
                f"{made.errors}",
                "grant auth/token/create as the exported apply policy does (migrate plan --export)",
            )
        return Entry(bearer, token=True)

    def _compared(self, files: Mapping[str, bytes], copies: dict[str, Json]) -> _Shown:
        """Which files are there, which hold nothing of use, and which differ from the key that they replace."""
        held = dict[str, secrets.Values | None]()
        differing, unseen, blank = list[Json](), list[Json](), list[Json]()
        for path, content in sorted(files.items()):
            at, _, key = text(copies.get(path)).rpartition("/")
            if not at:
                blank += [path] if not content.strip() or _NO_VALUE in content else []
                continue
            if at not in held:
                shown, values = secrets.secret(self.logins.cluster, at)
                held[at] = None if shown == {} else values
            values_ = held[at]
            if values_ is None:
                unseen.append(path)
            elif key not in values_.values or not same(values_.values[key], content):
                differing.append(f"{path} (key {key} of Secret {at})")
        return {"files": list[Json](sorted(files)), "differing": differing, "unseen": unseen, "blank": blank}


def _untried(why: str, settles: str) -> _Shown:
    return {"untried": why, "settles": settles}
