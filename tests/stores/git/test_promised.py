"""Before a commit is published it is built: what it does to the clusters must be what the plan says, and must build."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.model.config import GitSettings
from migrate.model.ports import Conflict, Written
from migrate.stores import kustomize
from migrate.stores.git.store import git_store
from tests.planning.secrets.estates import KNOWN, container, estate, external, planned, variable, workload
from tests.stores.git.plans import BRANCH, DIGEST, NAME, Work
from tests.stores.git.repositories import Repository, new

CUTOVER = "cutover.inject-pod.app"
OTHER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: other, namespace: apps}
spec: {template: {spec: {serviceAccountName: none, containers: [{name: a, image: b}]}}}
"""
CARRIED = """\
replacements:
  - source: {kind: ServiceAccount, name: app}
    targets:
      - select: {kind: Deployment, name: other}
        fieldPaths: [spec.template.spec.serviceAccountName]
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = new(tmp_path / "repo")
    app = workload(container(KNOWN, env=[variable("CLOUDFLARE_API_TOKEN", "login", "token")]))
    for file in estate(tmp_path / "e", external("login", "token"), app).iterdir():
        (made.path / file.name).write_bytes(file.read_bytes())
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "the estate")
    return made


@pytest.fixture
def plan(repository: Repository) -> Work:
    found = planned(repository.path)
    return Work(found, git_store(str(repository.path), found, NAME, DIGEST, GitSettings(), "main"))


def _others(repository: Repository, more: str, **files: str) -> None:
    """Somebody adds to the kustomization, and commits it where the cluster is made from."""
    root = repository.path / "kustomization.yaml"
    root.write_text(root.read_text() + more)
    for name, text in files.items():
        (repository.path / f"{name}.yaml").write_text(text)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "somebody's")


def _held(repository: Repository, plan: Work) -> str:
    """Why the cutover is not published."""
    answer = plan.write(CUTOVER)
    assert isinstance(answer, Conflict)
    assert not repository.git("branch", "--list", BRANCH)
    return answer.why


def test_a_commit_is_published_that_does_what_the_plan_says(repository: Repository, plan: Work) -> None:
    _others(repository, "  - other.yaml\n", other=OTHER)
    assert plan.write(CUTOVER) == Written()


def test_a_file_that_others_name_and_that_is_not_there_holds_the_commit(repository: Repository, plan: Work) -> None:
    _others(repository, "  - gone.yaml\n")
    assert "would leave what kustomize refuses to build: kustomization.yaml" in _held(repository, plan)


def test_what_others_made_hang_on_the_workload_holds_the_commit(repository: Repository, plan: Work) -> None:
    _others(repository, f"  - other.yaml\n{CARRIED}", other=OTHER)
    assert "is not what the plan says: it would change Deployment/apps/other too" in _held(repository, plan)


@pytest.mark.skipif(kustomize.program() is None, reason="neither kustomize nor kubectl is here")
def test_what_kustomize_says_of_it_is_told_without_what_it_quotes(repository: Repository, plan: Work) -> None:
    _others(repository, "configMapGenerator:\n  - name: more\n    literals: ['password: canary-2f9c']\n")
    why = _held(repository, plan)
    assert "kustomize does not build .:" in why
    assert "literal" in why
    assert "canary" not in why
    assert str(repository.path) not in why


@pytest.mark.skipif(kustomize.program() is None, reason="neither kustomize nor kubectl is here")
def test_what_kustomize_could_not_build_when_the_plan_was_made_is_not_held_against_it(repository: Repository) -> None:
    _others(repository, "  - https://example.invalid/far/away.yaml\n")
    found = planned(repository.path)
    work = Work(found, git_store(str(repository.path), found, NAME, DIGEST, GitSettings(), "main"))
    assert work.write(CUTOVER) == Written()


def test_the_way_back_stays_open_whatever_others_broke(repository: Repository, plan: Work) -> None:
    assert plan.write(CUTOVER) == Written()
    repository.git("merge", "--quiet", "--no-ff", "--message", "merged", BRANCH)
    _others(repository, "  - gone.yaml\n")
    assert plan.take_back(CUTOVER) == Written()
