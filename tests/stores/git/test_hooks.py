"""The repository's own rules have their say: hooks, signing, filters. What they say no to is not published."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.model.ports import Denied, Outcome, Written
from tests.stores.git.plans import BRANCH, CUTOVER, ESTATE, ORPHAN, REMOVE, Work, fill, work
from tests.stores.git.repositories import Repository, new
from tests.stores.git.test_backward import append, squash


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = new(tmp_path / "repo")
    fill(made)
    return made


@pytest.fixture
def plan(repository: Repository) -> Work:
    return work(repository)


def script(path: Path, text: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def hook(repository: Repository, name: str, text: str) -> None:
    """A hook where Git looks for it by default."""
    script(repository.path / ".git" / "hooks" / name, text)


def denied(repository: Repository, outcome: Outcome) -> str:
    """Why a write was denied; nothing may be left of it."""
    assert isinstance(outcome, Denied)
    assert repository.git("branch", "--list", BRANCH) == ""
    assert list((repository.path / ".git" / "migrate").glob("*")) == []
    return outcome.why


@pytest.mark.parametrize("name", ["pre-commit", "prepare-commit-msg", "commit-msg"])
def test_a_hook_that_says_no_is_quoted(repository: Repository, plan: Work, name: str) -> None:
    hook(repository, name, "echo 'no commits on Fridays' >&2; exit 1")
    assert "no commits on Fridays" in denied(repository, plan.write(CUTOVER))
    hook(repository, name, "exit 0")
    assert plan.write(CUTOVER) == Written()


def test_a_hook_that_says_no_without_a_word_is_named_as_that(repository: Repository, plan: Work) -> None:
    hook(repository, "pre-commit", "exit 1")
    assert "it gave no reason" in denied(repository, plan.write(CUTOVER))


def test_what_a_hook_says_has_no_literal_in_it(repository: Repository) -> None:
    append(repository, "app.yaml", "user: old", "user: old\n      password: canary-77")
    plan = work(repository)
    hook(repository, "pre-commit", "grep -rn canary . >&2; exit 1")
    words = denied(repository, plan.write(CUTOVER))
    assert "canary" not in words
    assert "(masked)" in words


def test_hooks_see_the_tree_as_it_will_be(repository: Repository, plan: Work, tmp_path: Path) -> None:
    hook(
        repository,
        "pre-commit",
        f"""cat *.yaml > {tmp_path}/seen; git status --porcelain > {tmp_path}/status; pwd > {tmp_path}/place
        git diff --cached --name-only > {tmp_path}/staged""",
    )
    plan.write(ORPHAN)
    plan.write(REMOVE)
    kept = repository.git("show", f"{BRANCH}:app.yaml", f"{BRANCH}:kustomization.yaml", f"{BRANCH}:other.yaml")
    assert (tmp_path / "seen").read_text() == kept + "\n"
    assert (tmp_path / "staged").read_text() == "kustomization.yaml\nsecrets.yaml\n"
    assert (tmp_path / "status").read_text() == "M  kustomization.yaml\nD  secrets.yaml\n"
    assert (tmp_path / "place").read_text().strip() != str(repository.path)


def test_a_hook_may_add_to_the_message(repository: Repository, plan: Work) -> None:
    hook(repository, "commit-msg", "git interpret-trailers --in-place --trailer 'Change-Id: I123' \"$1\"")
    assert plan.write(CUTOVER) == Written()
    assert "Change-Id: I123" in repository.git("log", "-1", "--format=%(trailers)", BRANCH)
    assert plan.read(CUTOVER).mark == "run-1"
    assert plan.take_back(CUTOVER) == Written()
    assert repository.git("branch", "--list", BRANCH) == ""


@pytest.mark.parametrize(
    "text",
    ["echo '# tidy' >> app.yaml; git add app.yaml", "echo 'kind: More' > more.yaml; git add more.yaml"],
    ids=["rewrites", "adds"],
)
def test_a_hook_that_changes_what_was_approved_is_refused(repository: Repository, plan: Work, text: str) -> None:
    hook(repository, "pre-commit", text)
    assert "made something else of" in denied(repository, plan.write(CUTOVER))


def test_a_hook_that_commits_on_its_own_is_refused(repository: Repository, plan: Work) -> None:
    hook(repository, "post-commit", "[ -e .done ] || { touch .done; git commit -q --allow-empty -m more; }")
    assert "made something else of" in denied(repository, plan.write(CUTOVER))


def test_a_hook_that_guards_branches_is_heard(repository: Repository, plan: Work) -> None:
    hook(
        repository,
        "reference-transaction",
        """while read old new ref; do
        case "$1 $ref" in "prepared refs/heads/migrate/"*) echo frozen >&2; exit 1;; esac; done""",
    )
    assert "frozen" in denied(repository, plan.write(CUTOVER))


@pytest.mark.parametrize("kind", ["committed", "untracked", "absolute"])
def test_hooks_are_found_where_the_repository_keeps_them(repository: Repository, tmp_path: Path, kind: str) -> None:
    place = (tmp_path if kind == "absolute" else repository.path) / "tools" / "hooks"
    script(place / "pre-commit", "echo 'from the other place' >&2; exit 1")
    repository.git("config", "core.hooksPath", str(place) if kind == "absolute" else "tools/hooks")
    if kind == "committed":
        repository.git("-c", "core.hooksPath=/dev/null", "add", "--all")
        repository.git("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "-m", "hooks")
    assert "from the other place" in denied(repository, work(repository).write(CUTOVER))


def test_commits_are_signed_where_that_is_the_rule(repository: Repository, plan: Work, tmp_path: Path) -> None:
    signer = script(
        tmp_path / "signer",
        """cat > /dev/null; echo '[GNUPG:] SIG_CREATED D' >&2
        echo '-----BEGIN PGP SIGNATURE-----'; echo x; echo '-----END PGP SIGNATURE-----'""",
    )
    repository.git("config", "commit.gpgSign", "true")
    repository.git("config", "gpg.program", str(signer))
    assert plan.write(CUTOVER) == Written()
    assert "gpgsig -----BEGIN PGP SIGNATURE-----" in repository.git("cat-file", "commit", BRANCH)
    repository.git("-c", "commit.gpgSign=false", "merge", "--quiet", "--squash", BRANCH)
    repository.git("-c", "commit.gpgSign=false", "commit", "--quiet", "-m", "squashed")
    assert plan.take_back(CUTOVER) == Written()
    assert "gpgsig" in repository.git("cat-file", "commit", f"{BRANCH}-rollback")


def test_a_signature_that_fails_is_quoted(repository: Repository, plan: Work, tmp_path: Path) -> None:
    repository.git("config", "commit.gpgSign", "true")
    repository.git("config", "gpg.program", str(script(tmp_path / "signer", "echo 'no secret key' >&2; exit 2")))
    assert "gpg failed to sign" in denied(repository, plan.write(CUTOVER))


def test_filters_of_the_repository_run(tmp_path: Path) -> None:
    repository = new(tmp_path / "repo")
    repository.git("config", "filter.shout.clean", "tr a-z A-Z")
    repository.git("config", "filter.shout.smudge", "tr A-Z a-z")
    repository.write(".gitattributes", "app.yaml filter=shout\n")
    for path, text in ESTATE.items():
        repository.write(path, text.lower())
    repository.commit("the estate")
    plan = work(repository)
    assert plan.write(CUTOVER) == Written()
    assert plan.applied(CUTOVER)
    assert "USER: NEW" in repository.git("cat-file", "blob", f"{BRANCH}:app.yaml")
    squash(repository, BRANCH)
    assert "user: new" in (repository.path / "app.yaml").read_text()
    assert plan.take_back(CUTOVER) == Written()
    assert "USER: OLD" in repository.git("cat-file", "blob", f"{BRANCH}-rollback:app.yaml")


def test_a_filter_that_fails_is_quoted(repository: Repository) -> None:
    repository.write(".gitattributes", "app.yaml filter=locked\n")
    repository.commit("attributes")
    plan = work(repository)
    repository.git("config", "filter.locked.smudge", "cat")
    repository.git("config", "filter.locked.clean", "echo 'the vault is locked' >&2; exit 1")
    repository.git("config", "filter.locked.required", "true")
    assert "locked" in denied(repository, plan.write(CUTOVER))
