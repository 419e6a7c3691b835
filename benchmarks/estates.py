"""Makes estates of any size for the benchmarks: Flux, teams of a hundred apps, an ExternalSecret for every fourth app.

The same number of files always gives the same bytes. About half of the files can matter to a scan (workloads,
kustomizations, anything that says "secret"); one in two hundred is a large one, as generated CRDs are.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

_TEAM = 100


def grow(root: Path, files: int) -> None:
    """Write exactly `files` manifests below `root`."""
    made: set[Path] = set()
    for path, text in islice(_manifests(), files):
        target = root / path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        target.write_text(text)


def flux_entry() -> dict[str, str]:
    """Flux's own files and the store, with one Kustomization for everything below `apps`."""
    return {
        "clusters/main/flux-system/gotk-sync.yaml": _SYNC,
        "clusters/main/infrastructure.yaml": _flux("infrastructure", "./infrastructure"),
        "clusters/main/apps.yaml": _flux("apps", "./apps"),
        "infrastructure/store.yaml": _STORE,
    }


def _manifests() -> Iterator[tuple[str, str]]:
    yield "clusters/main/flux-system/gotk-sync.yaml", _SYNC
    yield "infrastructure/store.yaml", _STORE
    yield "clusters/main/infrastructure.yaml", _flux("infrastructure", "./infrastructure")
    app = 0
    while True:
        team = f"team-{app // _TEAM:04d}"
        if app % _TEAM == 0:
            yield f"clusters/main/{team}.yaml", _flux(team, f"./apps/{team}")
            listed = "".join(f"  - app-{number:06d}\n" for number in range(app, app + _TEAM))
            yield f"apps/{team}/kustomization.yaml", _KUSTOMIZE + listed
        folder, name = f"apps/{team}/app-{app:06d}", f"app-{app:06d}"
        parts = dict(_app(app, name, team))
        listed = "".join(f"  - {part}\n" for part in parts)
        yield f"{folder}/kustomization.yaml", f"{_KUSTOMIZE}{listed}"
        for part, text in parts.items():
            yield f"{folder}/{part}", text
        app += 1


def _app(number: int, name: str, namespace: str) -> Iterator[tuple[str, str]]:
    head = f"metadata:\n  name: {name}\n  namespace: {namespace}\n  labels: {{app: {name}, team: {namespace}}}\n"
    secret = number % 4 == 0
    if secret:
        yield (
            "external-secret.yaml",
            f"apiVersion: external-secrets.io/v1\nkind: ExternalSecret\n{head}{_external(name)}",
        )
    env = _ENV.format(name=name) if secret else "          env: [{name: LEVEL, value: info}]\n"
    yield "deployment.yaml", f"apiVersion: apps/v1\nkind: Deployment\n{head}{_DEPLOYMENT.format(name=name)}{env}"
    settings = "".join(f"  SETTING_{index}: value-{number + index}\n" for index in range(20))
    yield "settings.yaml", f"apiVersion: v1\nkind: ConfigMap\n{head}data:\n{settings}"
    yield "service.yaml", f"apiVersion: v1\nkind: Service\n{head}{_SERVICE.format(name=name)}"
    yield "ingress.yaml", f"apiVersion: networking.k8s.io/v1\nkind: Ingress\n{head}{_INGRESS.format(name=name)}"
    yield "network.yaml", f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n{head}{_NETWORK.format(name=name)}"
    yield "budget.yaml", f"apiVersion: policy/v1\nkind: PodDisruptionBudget\n{head}spec:\n  minAvailable: 1\n"
    yield "account.yaml", f"apiVersion: v1\nkind: ServiceAccount\n{head}"
    if number % 20 == 0:
        fields = "".join(f"          field{index}:\n            type: string\n" for index in range(1500))
        yield "crd.yaml", f"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n{head}{_CRD}{fields}"


def _external(name: str) -> str:
    return (
        "spec:\n  refreshInterval: 1h\n  secretStoreRef: {kind: ClusterSecretStore, name: vault}\n"
        f"  target: {{name: {name}-keys, creationPolicy: Owner}}\n  data:\n"
        + "".join(
            f"    - secretKey: {key}\n      remoteRef: {{key: apps/{name}, property: {key}}}\n"
            for key in ("password", "token")
        )
    )


def _flux(name: str, path: str) -> str:
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\n"
        f"spec:\n  interval: 10m\n  path: {path}\n  prune: true\n"
        "  sourceRef: {kind: GitRepository, name: flux-system}\n"
    )


_KUSTOMIZE = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
_SYNC = (
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
    "metadata: {name: flux-system, namespace: flux-system}\n"
    "spec:\n  interval: 1m\n  ref: {branch: main}\n  url: ssh://git@git.example.test/estate\n---\n"
    + _flux("flux-system", "./clusters/main")
)
_STORE = (
    "apiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {name: vault}\n"
    "spec:\n  provider:\n    vault:\n      server: https://vault.example.test:8200\n      path: secret\n"
    "      version: v2\n      auth:\n        tokenSecretRef: {name: token, namespace: external-secrets, key: token}\n"
)
_DEPLOYMENT = """spec:
  replicas: 2
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      serviceAccountName: {name}
      containers:
        - name: main
          image: registry.example.test/{name}:1.2.3
          ports:
            - containerPort: 8080
          resources:
            requests: {{cpu: 10m, memory: 64Mi}}
            limits: {{memory: 128Mi}}
          readinessProbe:
            httpGet: {{path: /ready, port: 8080}}
"""
_ENV = """          env:
            - name: PASSWORD
              valueFrom:
                secretKeyRef: {{name: {name}-keys, key: password}}
"""
_SERVICE = "spec:\n  selector: {{app: {name}}}\n  ports:\n    - port: 80\n      targetPort: 8080\n"
_INGRESS = """spec:
  rules:
    - host: {name}.example.test
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {{name: {name}, port: {{number: 80}}}}
"""
_NETWORK = (
    "spec:\n  podSelector:\n    matchLabels: {{app: {name}}}\n  policyTypes: [Ingress]\n  ingress:\n    - from: []\n"
)
_CRD = """spec:
  group: example.test
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          type: object
          properties:
"""
