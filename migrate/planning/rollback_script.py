"""`rollback.sh`: the way back as a plain script, for the day this tool is not at hand.

It uses git, kubectl, vault and psql, holds no secret value, and takes back only what is as the plan left it. Files,
Vault's objects and logins are settled alike: by what is there now, what the step left, and what it and earlier steps
found. What cannot be asked is not taken for gone.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from migrate.model.change import Absent, Change, Doc, Irreversible, State, inverted
from migrate.model.json import mapping
from migrate.model.plan import STAGES, Plan, Step
from migrate.model.target import Target
from migrate.planning.files import blob_id
from migrate.targets import columns
from migrate.targets.compare import MARK
from migrate.targets.kinds import kind_of
from migrate.targets.lasting import Keep, Leave, lasting
from migrate.targets.shell import LOGIN_QUERY, NONE, kept_by_vault, login_text, only_login, vault_text
from migrate.targets.sql import script
from migrate.targets.transit import is_key, key_request

_TAIL = """
finish
echo "everything of the plan is taken back"
"""


def rollback_script(plan: Plan, name: str, digest: str) -> str:
    """The script, newest step first; the question between Git and the servers stands where pods must leave first."""
    parts = [_head(name, digest)]
    before = _Before.of(plan)
    for stage in reversed(STAGES):
        steps = [step for step in reversed(plan.steps) if step.stage == stage]
        if steps:
            parts.append(_leave(plan) if stage == "expand" else "")
            parts.append(f"\n# === {stage} " + "=" * (100 - len(stage)) + "\n")
        parts += [_step(step, before) for step in steps]
    return "".join(parts) + _TAIL


def _head(name: str, digest: str) -> str:
    text = Path(__file__).with_name("rollback_head.sh").read_text(encoding="utf-8")
    return (
        text.replace("@NAME@", name).replace("@DIGEST@", digest).replace("@LOGIN@", LOGIN_QUERY).replace("@MARK@", MARK)
    )


def _leave(plan: Plan) -> str:
    if all(isinstance(lasting(step.change), Leave) for step in plan.steps if step.stage == "expand"):
        return ""  # nothing of it goes, so nobody has to leave it first
    if any(step.change.target.kind in columns.KINDS for step in plan.steps):
        return (
            '\nfinish "what the expand stage made was not touched"\n'
            'ask "Does the application write the plaintext alone again, in every pod and every job?"\n'
        )
    namespace, _, deployment = plan.unit.partition("/")
    return (
        "\n# Whatever is still in Git, or could not be asked, still needs what expand made.\n"
        'finish "what the expand stage made was not touched"\n'
        "\n# The workload must be back on its old credential before the new one goes.\n"
        'ask "Are the commits above merged, and has Flux applied them?"\n'
        f"run kubectl -n {shlex.quote(namespace)} rollout status {shlex.quote('deployment/' + deployment)}"
        " --timeout=15m\n"
    )


@dataclass(frozen=True, slots=True)
class _Before:
    """What steps found, and what stands on them."""

    states: dict[str, list[State]]
    """By step: the state of its target before it, then before each earlier step on that target."""
    blobs: dict[tuple[str, str], list[str]]
    """The same for each file of a step."""
    standing: dict[str, list[str]]
    """By step: the steps that depend on it."""

    @staticmethod
    def of(plan: Plan) -> _Before:
        answer = _Before({}, {}, {})
        states, files = dict[Target, list[State]](), dict[str, list[str]]()
        for step in plan.steps:
            target = step.change.target
            answer.states[step.id] = states[target] = [step.change.before, *states.get(target, [])]
            for edit in step.change.files:
                files[edit.file] = [edit.before or NONE, *files.get(edit.file, [])]
                answer.blobs[step.id, edit.file] = files[edit.file]
            for other in step.depends:
                answer.standing.setdefault(other, []).append(step.id)
        return answer


def _step(step: Step, before: _Before) -> str:
    lines = ["\n# " + " ".join(f"{step.id}: {step.summary}".split())]
    if isinstance(step.change.undo, Irreversible):
        lines.append(f"# remains: {step.change.undo.remains}")
        lines.append(f"# dealt with by: {step.change.undo.compensates or 'nothing in this plan'}")
    return "\n".join([*lines, *_commands(step, before)]) + "\n"


def _commands(step: Step, before: _Before) -> Iterator[str]:
    change = step.change
    match lasting(change):
        case Leave(why):
            yield f"# stays: {why}"
            return
        case Keep():
            place = columns.columns_of(change.target)
            yield _words("column_kept", step.id, place.database, place.relation, place.plain)
            return
    match change.target.store:
        case "git":
            # A commit brings the old way back, so it never waits for a server that cannot be asked.
            for edit in reversed(change.files):
                blobs = before.blobs[step.id, edit.file]
                yield _words("restore", step.id, edit.file, edit.after or NONE, *blobs)
            yield _words("commit", f"Take back {step.id}")
        case "postgres" if change.target.kind in columns.KINDS:
            place = columns.columns_of(change.target)
            question = _words("column_ours", step.id, place.database, place.relation, place.sealed, "text")
            yield from _guarded(step, before, question, _psql(change))
        case "postgres":
            yield from _guarded(step, before, _login(step, before), _psql(change))
        case "vault" if is_key(change.target):
            yield from _guarded(step, before, _key(step, before), _key_back(change))
        case "vault":
            yield from _guarded(step, before, _vault(step, before), _vault_back(change))
        case "cluster":
            yield "# nothing to do: ESO owns its Secret again once its ExternalSecret says Owner again"


def _guarded(step: Step, before: _Before, question: str, answer: Iterator[str]) -> Iterator[str]:
    """Done only where nothing that stands on the step was left alone, and the step's work is still there as it was."""
    yield f"if {_words('free', step.id, *before.standing.get(step.id, []))} && {question}; then"
    yield from answer
    for target in step.change.replaces:
        yield "  # agents sleep out the old time to live and would serve a dead password: new pods at once"
        workload = f"{target.kind.lower()}/{target.short}"
        yield "  " + _words("run", "kubectl", "-n", target.namespace, "rollout", "restart", workload)
    yield "fi"


def _words(*words: str) -> str:
    return shlex.join(words)


def _login(step: Step, before: _Before) -> str:
    change = step.change
    found = before.states[step.id]
    texts = dict.fromkeys(map(login_text, (change.after, *found)))
    what = "login" if only_login(change.before, change.after) else "all"
    return _words("login_ours", step.id, script(inverted(change)).database, change.target.name, what, *texts)


def _psql(change: Change) -> Iterator[str]:
    found = script(inverted(change))
    yield f"  run psql -X -v ON_ERROR_STOP=1 -1 -d {shlex.quote(found.database)} <<'SQL'"
    yield from found.statements
    yield "SQL"


def _vault(step: Step, before: _Before) -> str:
    target, own = step.change.target, "|".join(kept_by_vault(step.change.target))
    ids = dict.fromkeys(_vault_id(target, state) for state in (step.change.after, *before.states[step.id]))
    return _words("vault_ours", step.id, target.path, own, kind_of(target).flat, *ids)


def _key(step: Step, before: _Before) -> str:
    """A key stays; what a plan changes of it is one field, and what Vault shows beside that is not asked."""
    (field,) = key_request(step.change)[1]
    said = [
        str(mapping(one.value)[field]) for one in (step.change.after, *before.states[step.id]) if isinstance(one, Doc)
    ]
    return _words("key_ours", step.id, step.change.target.path, field, *dict.fromkeys(said))


def _key_back(change: Change) -> Iterator[str]:
    path, body = key_request(inverted(change))
    yield "  " + _words("run", "vault", "write", path, *(f"{field}={value}" for field, value in body.items()))


def _vault_id(target: Target, state: State) -> str:
    return blob_id(vault_text(target, state).encode()) if isinstance(state, Doc) else NONE


def _vault_back(change: Change) -> Iterator[str]:
    path = change.target.path
    match change.before:
        case Doc(value):
            yield f"  run {_words('vault', 'write', path, '-')} <<'JSON'"
            yield json.dumps(mapping(value), indent=2, ensure_ascii=False)
            yield "JSON"
        case Absent() if change.target.kind == "policy":
            yield "  " + _words("run", "vault", "policy", "delete", change.target.name)
        case _:
            yield "  " + _words("run", "vault", "delete", path)
