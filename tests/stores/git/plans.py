"""A plan of three Git steps on a small estate, made with the planner's own editor, and the hands to carry it out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from migrate.documents.edits import AddKey, RemoveItem, SetScalar
from migrate.model.change import Blobs, Change, Exact, inverted
from migrate.model.config import GitSettings
from migrate.model.plan import Plan, Provenance, Stage, Step
from migrate.model.ports import Move, Observer, Outcome, Secrets, Snapshot, Store
from migrate.model.target import Target
from migrate.operations.wish import DropFile, Rewrite
from migrate.planning.commits import edit_file
from migrate.planning.files import Drafts, Files
from migrate.stores.git.store import GitStore, git_store
from tests.stores.git.repositories import Repository

APP = """\
# the first line stays
kind: HelmRelease
metadata:
  name: app
spec:
  values:
    replicas: 1
    resources:
      cpu: 10m   # by hand
    login:
      user: old
      database: boards
    tail:
      one: 1
      two: 2
"""

SECRETS = """\
kind: ExternalSecret
metadata:
  name: login
spec:
  target:
    name: login
"""

LIST = """\
resources:
  - app.yaml
  - secrets.yaml
  - other.yaml
"""

ESTATE = {"app.yaml": APP, "secrets.yaml": SECRETS, "kustomization.yaml": LIST, "other.yaml": "kind: Other\n"}

CUTOVER, ORPHAN, REMOVE = "cutover.inject.app", "contract.orphan.login", "contract.remove.login"

_WISHES: tuple[tuple[str, Stage, tuple[Rewrite | DropFile, ...]], ...] = (
    (
        CUTOVER,
        "cutover",
        (
            Rewrite(
                "app.yaml",
                0,
                (
                    SetScalar(("spec", "values", "login", "user"), "new"),
                    AddKey(("spec", "values", "login"), "file", "/vault/secrets/login"),
                ),
            ),
        ),
    ),
    (ORPHAN, "contract", (Rewrite("secrets.yaml", 0, (AddKey(("spec", "target"), "creationPolicy", "Orphan"),)),)),
    (
        REMOVE,
        "contract",
        (DropFile("secrets.yaml"), Rewrite("kustomization.yaml", 0, (RemoveItem(("resources",), "secrets.yaml"),))),
    ),
)

DIGEST = "7f3a" * 16
NAME = "phase1-7f3a"
BRANCH = f"migrate/{NAME}"
BACK = f"{BRANCH}-rollback"


def plan_for(files: dict[str, bytes], commit: str | None) -> Plan:
    """The plan for an estate of these files."""
    drafts = Drafts(Files(tuple(sorted(files)), files.__getitem__))
    steps = [_step(identity, stage, wishes, drafts) for identity, stage, wishes in _WISHES]
    return Plan("phase1", "offline", commit, False, "watch/app", "static", (), tuple(steps), (), (), (), (), (), ())


def _step(identity: str, stage: Stage, wishes: tuple[Rewrite | DropFile, ...], drafts: Drafts) -> Step:
    edits = tuple(edit_file(wish, drafts) for wish in wishes)
    before, after = (Blobs(tuple((e.file, getattr(e, side)) for e in edits)) for side in ("before", "after"))
    change = Change(Target("git", "HelmRelease", "watch/app"), before, after, Exact(), (), edits)
    provenance = Provenance("phases/phase1.yaml:1", None, ())
    summary = f"what {identity} does"
    return Step(identity, "watch/app", stage, "inject", summary, change, "", (), "the pods", provenance, ())


@dataclass(frozen=True)
class Work:
    """A plan and the store that carries it out."""

    plan: Plan
    store: GitStore

    def __post_init__(self) -> None:
        ports: tuple[Store, Observer] = self.store, self.store
        assert all(port is self.store for port in ports)

    def change(self, step: str) -> Change:
        """What a step changes."""
        found = self.plan.step(step)
        assert found is not None
        return found.change

    def read(self, step: str) -> Snapshot:
        """The files of a step as they are."""
        return self.store.read(self.change(step))

    def applied(self, step: str) -> bool:
        """Whether the step stands; neither before nor after it is an error."""
        found, change = self.read(step).state, self.change(step)
        assert found in (change.before, change.after)
        return found == change.after

    def write(self, step: str, seen: Snapshot | None = None, run: str = "run-1") -> Outcome:
        """Make the step."""
        return self._write(step, "forward", seen, run)

    def take_back(self, step: str, seen: Snapshot | None = None, run: str = "run-1") -> Outcome:
        """Take the step back."""
        return self._write(step, "back", seen, run)

    def _write(self, step: str, way: str, seen: Snapshot | None, run: str) -> Outcome:
        found = self.plan.step(step)
        assert found is not None
        change = found.change if way == "forward" else inverted(found.change)
        move = Move(run, NAME, DIGEST, step, "forward" if way == "forward" else "back", found.summary, change)
        return self.store.write(move, self.store.read(change) if seen is None else seen, Secrets())

    def observed(self, what: str) -> dict[str, object]:
        """What `git:WHAT` shows."""
        state = self.store.observe(Target("git", *what.split("/", 1)))
        value = getattr(state, "value", None)
        assert isinstance(value, dict)
        return value


def work(
    repository: Repository,
    folder: str = "",
    deployed: str | None = "main",
    settings: GitSettings | None = None,
    commit: str | None = None,
) -> Work:
    """The plan for what now lies in the checkout, and its store."""
    root = Path(repository.path, folder)
    files = {path: (root / path).read_bytes() for path in ESTATE}
    plan = plan_for(files, commit or repository.head)
    return Work(plan, git_store(str(root), plan, NAME, DIGEST, settings or GitSettings(), deployed))


def fill(repository: Repository, folder: str = "") -> str:
    """Commit the estate."""
    for path, text in ESTATE.items():
        repository.write(f"{folder}{path}", text)
    return repository.commit("the estate")
