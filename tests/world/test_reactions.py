"""Properties of what happens by itself, whatever was done before."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate.model.target import parse_target
from migrate.world.applied import Applied
from migrate.world.shown import watch
from migrate.world.state import Draft, World
from tests.world.worlds import DEPLOYMENT, EXTERNAL, RELEASE, SECRET, START, after, commit, edited, new, object_of

Objects = dict[str, Any]
NAMED = ("serviceAccountName", "serviceAccount")


@dataclass(frozen=True)
class Deed:
    """Something that people do: a commit, or an edit on a server."""

    name: str
    merge: Callable[[Objects], None] | None = None
    edit: Callable[[Draft], None] | None = None


def _agent(objects: Objects) -> None:
    made = objects[RELEASE]["makes"][DEPLOYMENT]
    made["pod"]["metadata"]["annotations"] = {
        "vault.hashicorp.com/agent-inject": "true",
        "vault.hashicorp.com/role": "app",
        "vault.hashicorp.com/auth-path": "auth/jwt",
        "vault.hashicorp.com/agent-inject-template-db": '{{ with secret "database/static-creds/app" }}'
        "{{ .Data.password }}{{ end }}",
    }
    made["database"] |= {"user": {"value": "app"}, "password": {"file": "/vault/secrets/db"}}
    made["secrets"] = []


def _both(objects: Objects) -> None:
    objects[RELEASE]["makes"][DEPLOYMENT]["variables"] += ["GF_DATABASE_PASSWORD__FILE"]


def _secret_gone(draft: Draft) -> None:
    draft.objects.pop(SECRET, None)


def _password(draft: Draft) -> None:
    draft.roles["boards"]["password"] = "changed by hand"


def _spec(**fields: Any) -> Callable[[Objects], None]:
    def change(objects: Objects) -> None:
        objects.get(EXTERNAL, {}).update(fields)

    return change


DEEDS = [
    Deed("orphan", merge=_spec(creationPolicy="Orphan")),
    Deed("never refresh", merge=_spec(refreshInterval="0")),
    Deed("retarget", merge=_spec(target="other")),
    Deed("remove", merge=lambda objects: objects.pop(EXTERNAL, None)),
    Deed("agent", merge=_agent),
    Deed("both forms", merge=_both),
    Deed("three pods", merge=lambda objects: objects[RELEASE]["makes"][DEPLOYMENT].update(replicas=3)),
    Deed("release gone", merge=lambda objects: objects.pop(RELEASE, None)),
    Deed("seal", edit=lambda draft: draft.vault.update(sealed=True)),
    Deed("unseal", edit=lambda draft: draft.vault.update(sealed=False)),
    Deed("eso down", edit=lambda draft: draft.faults.update(eso=True)),
    Deed("flux suspended", edit=lambda draft: draft.faults.update(flux=True)),
    Deed("all well", edit=lambda draft: draft.faults.clear()),
    Deed("webhook down", edit=lambda draft: draft.faults.update(webhook=True)),
    Deed("secret deleted", edit=_secret_gone),
    Deed("password changed", edit=_password),
    Deed("login closed", edit=lambda draft: draft.roles["boards"]["state"].update(login=False)),
]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Deed, World, World, Applied]]:
    """Deeds one after another: each with the world before it, after it, and the commit that is deployed then."""
    world, merges = new(commit()), list[Callable[[Objects], None]]()
    answer = list[tuple[Deed, World, World, Applied]]()
    for number, deed in enumerate(draw(st.lists(st.sampled_from(DEEDS), min_size=1, max_size=6)), 1):
        if deed.merge is not None:
            merges.append(deed.merge)
        applied = _commit(number if deed.merge else len(merges), merges)
        touched = edited(world, deed.edit) if deed.edit is not None else world
        now = after(touched, applied, number)
        answer.append((deed, touched, now, applied))
        world = now
    return answer


def _commit(number: int, merges: list[Callable[[Objects], None]]) -> Applied:
    def change(objects: Objects) -> None:
        for merge in merges:
            if RELEASE in objects:
                merge(objects)

    return commit(f"{number % 10}", change)


@settings(max_examples=150)
@given(histories())
def test_reacting_again_changes_nothing(history: list[tuple[Deed, World, World, Applied]]) -> None:
    for number, (_, _, world, applied) in enumerate(history, 1):
        assert after(world, applied, number) == world


@settings(max_examples=150)
@given(histories())
def test_a_secret_that_belongs_to_nobody_is_never_lost(history: list[tuple[Deed, World, World, Applied]]) -> None:
    for _, before, now, _ in history:
        for key, found in before.cluster["objects"].items():
            if key.startswith("Secret/") and not found["owners"]:
                assert object_of(now, key) is not None


@settings(max_examples=150)
@given(histories())
def test_a_session_belongs_to_a_pod_that_is_there_and_ready(history: list[tuple[Deed, World, World, Applied]]) -> None:
    for _, _, world, _ in history:
        for session in world.postgres["sessions"]:
            pod = object_of(world, f"Pod/{session['pod']}")
            assert pod is not None
            assert pod["ready"]
            assert session["login"] in world.postgres["roles"]


@settings(max_examples=150)
@given(histories())
def test_old_pods_stay_until_new_ones_are_ready(history: list[tuple[Deed, World, World, Applied]]) -> None:
    for deed, before, now, _ in history:
        ready = [pod for pod in _pods(before) if pod["ready"]]
        if deed.merge is not None and ready and object_of(now, DEPLOYMENT) is not None:
            assert any(pod["ready"] for pod in _pods(now)) or _old_way_broken(before)


def _pods(world: World) -> list[dict[str, Any]]:
    return [one for key, one in world.cluster["objects"].items() if key.startswith("Pod/")]


def _old_way_broken(world: World) -> bool:
    """Whether what pods hold had stopped working anyway."""
    passwords = {name: role["password"] for name, role in world.postgres["roles"].items()}
    held = [pod["held"] for pod in _pods(world) if pod["held"]]
    return any(passwords.get(one["user"]) != one["password"] for one in held)


@given(histories())
def test_no_value_is_shown_to_anybody(history: list[tuple[Deed, World, World, Applied]]) -> None:
    _, _, world, _ = history[-1]
    values = {one for entry in world.vault["kv"].values() for one in entry.values()}
    values |= {role["password"] for role in world.postgres["roles"].values()}
    names = ["cluster:Deployment/watch/grafana", "cluster:Secret/watch/login", "cluster:ExternalSecret/watch/login"]
    names += ["postgres:role/boards", "postgres:sessions/boards", "vault:sys/health", "cluster:Consumers/watch/login"]
    for name in names:
        state = watch(world, parse_target(name), START)
        text = json.dumps(getattr(state, "value", None))
        assert not [value for value in values if value in text]


@pytest.mark.parametrize(("fields", "left"), [(("serviceAccountName",), "own"), (NAMED, None)])
def test_an_account_that_goes_from_git_goes_where_both_fields_named_it(
    fields: tuple[str, ...], left: str | None
) -> None:
    """As tests/lab/test_applied_fields.py has it from a real API server."""

    def bare(objects: Objects) -> None:
        objects[DEPLOYMENT] = objects.pop(RELEASE)["makes"][DEPLOYMENT]
        objects[DEPLOYMENT]["pod"]["spec"].pop("serviceAccountName")

    def named(objects: Objects) -> None:
        bare(objects)
        objects["ServiceAccount/watch/own"] = {"by": "flux-system/apps", "tokens": True}
        objects[DEPLOYMENT]["pod"]["spec"] |= dict.fromkeys(fields, "own")
        objects[DEPLOYMENT]["pod"]["metadata"]["annotations"] = {"example.test/edition": "2"}

    world = after(after(new(commit("1", bare)), commit("2", named)), commit("3", bare), 2)
    found = object_of(world, DEPLOYMENT)
    assert found is not None
    assert found["spec"]["pod"]["spec"].get("serviceAccountName") == left
    assert ("service account watch/own: not found" in found.get("blocked", "")) == (left is not None)
