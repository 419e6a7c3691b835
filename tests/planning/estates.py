"""A small estate in a folder, and changes to it: what plans are made of in these tests."""

from __future__ import annotations

from pathlib import Path

from migrate.cli.plan import read_estate
from migrate.model.json import Json
from migrate.model.plan import Plan
from migrate.planning.cases import NothingToDo, Selection
from migrate.planning.document import plan_json
from migrate.planning.make import make_plan
from migrate.planning.phases import Credential, phase_named

CREATED = "2026-01-02T03:04:05+00:00"

GRAFANA = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: stack
  namespace: watch
spec:
  interval: 1h
  chart:
    spec:
      chart: kube-prometheus-stack
      version: "61.3.1"
      sourceRef: {kind: HelmRepository, name: charts}
  values:
    # kept: this comment
    grafana:
      grafana.ini:
        database:
          type: postgres
          name: boards
          user: boards
      env:
        GF_DATABASE_HOST: main-primary.data.svc:5432
        GF_DATABASE_NAME: boards
        GF_DATABASE_USER: boards
      envValueFrom:
        GF_DATABASE_PASSWORD:
          secretKeyRef:
            name: boards-login
            key: password
"""

SECRETS = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: boards-login
  namespace: watch
spec:
  refreshInterval: 1h
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  target:
    name: boards-login
  data:
    - secretKey: password
      remoteRef: {key: apps/boards/DB, property: value}
"""

STORE = """\
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata:
  name: vault
spec:
  provider:
    vault:
      server: https://vault.example:8200
      path: kv
      version: v2
      auth: {tokenSecretRef: {name: reader, namespace: eso, key: token}}
"""

INJECTOR = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: injector
  namespace: vault
spec:
  chart:
    spec:
      chart: vault
      version: 0.34.1
  values:
    server: {enabled: false}
    injector:
      enabled: true
      replicas: 2
      authPath: auth/jwt-lab
      webhook: {failurePolicy: Fail}
"""

DATABASE = """\
apiVersion: postgres-operator.crunchydata.com/v1beta1
kind: PostgresCluster
metadata:
  name: main
  namespace: data
spec:
  postgresVersion: 16
  users:
    - name: someone
"""

SETTINGS = """\
database:
  address: pg.example:5432
"""


def estate(folder: Path, **changed: str | None) -> Path:
    """Write the estate. Keyword arguments replace a file by its path without `.yaml` (None leaves it out)."""
    texts: dict[str, str | None] = {
        "grafana": GRAFANA,
        "secrets": SECRETS,
        "store": STORE,
        "injector": INJECTOR,
        "database": DATABASE,
    }
    texts |= changed
    settings = texts.pop("settings", SETTINGS)
    names = [stem for stem, text in texts.items() if text is not None]
    folder.mkdir(parents=True, exist_ok=True)
    for stem in names:
        file = folder / f"{stem}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(str(texts[stem]))
    if settings is not None:
        (folder / "migrate.yaml").write_text(settings)
    listed = "".join(f"  - {stem}.yaml\n" for stem in names)
    header = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
    (folder / "kustomization.yaml").write_text(header + listed)
    return folder


def outcome(folder: Path, credential: Credential = "static", workload: str | None = None) -> Plan | NothingToDo:
    """What planning phase1 answers for the folder."""
    return make_plan(read_estate(folder), phase_named("phase1"), credential, Selection((workload,) if workload else ()))


def planned(folder: Path, credential: Credential = "static", workload: str | None = None) -> Plan:
    """The plan for the folder."""
    plan = outcome(folder, credential, workload)
    assert isinstance(plan, Plan)
    return plan


def document(plan: Plan) -> dict[str, Json]:
    """The plan file's document."""
    return plan_json(plan, "migrate test", CREATED)
