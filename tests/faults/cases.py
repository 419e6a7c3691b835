"""What moves on the lab of the faults: a case for each phase, with what a test must know of it beforehand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from migrate.model.plan import STAGES
from tests.faults import notes
from tests.labworld import Lab

_SECRET = "/api/v1/namespaces/{}/secrets/{}"
_DEPLOYMENT = "/apis/apps/v1/namespaces/{}/deployments/{}"
_RELEASE = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/monitoring/helmreleases/kube-prometheus-stack"


@dataclass(frozen=True, slots=True)
class Case:
    """One phase for one workload. `name`: its policy and its login role in Vault."""

    phase: str
    words: tuple[str, ...]
    """What is planned of it."""
    namespace: str
    name: str
    ready: tuple[str, ...]
    """Paths of what Flux and ESO bring before anything can be planned."""
    beside: Path
    value: re.Pattern[str]
    """A file that another operator edits meanwhile, and what of it is theirs: a number."""
    made: int
    """How much is in Vault and in PostgreSQL when all is there."""
    near: tuple[str, int]
    far: tuple[str, int]
    """How far a short and a long way go before they go back, and the requests that then have written to Vault."""
    stands: tuple[str, ...] = STAGES
    """Before which stages a run waits for people, one after the other, when the first write met a sealed Vault."""
    stays: frozenset[str] = frozenset()
    """What of it is there when the run was taken back."""
    settings: str = ""
    database: str = "postgres"
    query: str = "select 1 where false"
    """Names what is new in a database."""
    fresh: Callable[[Lab], None] = lambda _lab: None
    """What must be there anew before each run."""
    asked: Callable[[Lab, str], None] = lambda _lab, _words: None
    """Does what a command asks the people of the application for."""
    secrets: dict[str, bytes] = field(default_factory=dict)
    """What must be nowhere, and is in no store that is searched for secrets."""

    def __str__(self) -> str:
        return self.phase


PHASE1 = Case(
    "phase1", (), "monitoring", "mig-monitoring-grafana",
    (_SECRET.format("monitoring", "lab-db-pguser-grafana"), _RELEASE,
     _DEPLOYMENT.format("monitoring", "kube-prometheus-stack-grafana")),
    Path("infrastructure/monitoring/prometheus-stack.yaml"), re.compile(r"(?<=retention: )\d+(?=d)"),
    made=6, near=("cutover", 8), far=("done", 9),
    database="grafana", query="select rolname from pg_roles where rolname like 'grafana_vault%'",
)  # fmt: skip
PHASE2 = Case(
    "phase2", ("--only", "auth/oauth2-proxy"), "auth", "mig-auth-oauth2-proxy",
    (_SECRET.format("auth", "oauth2-proxy"), _DEPLOYMENT.format("auth", "oauth2-proxy")),
    Path("infrastructure/auth/oauth2-proxy/service.yaml"), re.compile(r"(?<=  port: )\d+"),
    made=2, near=("contract", 4), far=("done", 4), stands=("expand", "contract"),
    settings="breakGlass: kubectl with the certificate of an administrator\n",
)  # fmt: skip
PHASE3 = replace(
    PHASE1, phase="phase3", name="mig-monitoring-grafana-cert", made=4, near=("contract", 8), far=("contract", 8),
    query="select rolname from pg_roles where rolname ~ '^grafana.cert'", secrets={"a private key": b"PRIVATE KEY"},
)  # fmt: skip
"""Somebody must play the database's operator meanwhile."""
PHASE4 = Case(
    "phase4", (), "apps", "mig-apps-memo-transit",
    (_DEPLOYMENT.format("apps", "memo"),),
    Path("apps/memo/deployment.yaml"), re.compile(r"(?<=containerPort: )\d+"),
    made=5, near=("contract", 7), far=("contract", 7), stands=("expand", "cutover", "contract"),
    stays=frozenset({"transit/keys/mig-apps-memo"}),
    settings="transit: {columns: [{database: notes, table: public.entries, column: body, workload: apps/memo, "
    "rate: 4000}], backups: 2s}\n",
    database=notes.DATABASE, query=notes.QUERY, fresh=notes.fresh, asked=notes.deployed,
    secrets={"a row": notes.PLAINTEXT.encode()},
)  # fmt: skip
CASES = (PHASE1, PHASE2, PHASE4)
"""Those that need nobody else."""
