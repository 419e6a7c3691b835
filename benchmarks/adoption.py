"""Planning phase 2 for a whole wave: time and memory at 500 workloads in 5,000 files, and how both grow to 5,000.

Beside it, in the same run, a scan of the same tree: what planning costs above reading the estate. Each side is a
process of its own, as people start it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.estates import flux_entry

SIZES = (500, 5000)
_PER_NAMESPACE = 50
_HEAD = "apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: {namespace}\n"


def grow(root: Path, workloads: int) -> None:
    """An estate of so many workloads that mount their own Secret, ten files each."""
    for path, text in flux_entry().items():
        _write(root / path, text)
    names = [f"app-{number:05d}" for number in range(workloads)]
    for number, name in enumerate(names):
        namespace = f"team-{number // _PER_NAMESPACE:03d}"
        parts = {
            "external-secret.yaml": ("external-secrets.io/v1", "ExternalSecret", _EXTERNAL),
            "deployment.yaml": ("apps/v1", "Deployment", _DEPLOYMENT),
            "account.yaml": ("v1", "ServiceAccount", ""),
            "service.yaml": ("v1", "Service", "spec: {{ports: [{{port: 80}}]}}\n"),
        } | {f"settings-{part}.yaml": ("v1", "ConfigMap", "data: {{a: b}}\n") for part in range(5)}
        for part, (version, kind, spec) in parts.items():
            called = f"{name}{part[8:-5]}" if kind == "ConfigMap" else name
            head = _HEAD.format(version=version, kind=kind, name=called, namespace=namespace)
            _write(root / "apps" / name / part, head + spec.format(name=name))
        _write(root / "apps" / name / "kustomization.yaml", _LIST + "".join(f"  - {part}\n" for part in parts))
    _write(root / "apps" / "kustomization.yaml", _LIST + "".join(f"  - {name}\n" for name in names))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def measured(*words: str) -> tuple[float, float]:
    """Seconds and MB that `migrate` takes with these words. Raises CalledProcessError where it fails."""
    before = time.perf_counter()
    command = [sys.executable, "-c", _MEASURED, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - before, int(done.stderr.rsplit("\n", 2)[-2]) / 1024


_MEASURED = (
    "import resource, sys\nfrom migrate.cli.main import run\ncode = run(sys.argv[1:])\n"
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\nsys.exit(code)"
)


def main() -> None:
    """Print both sizes, and how they grow."""
    spent = list[float]()
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "estate"
            grow(root, size)
            scan, _ = measured("scan", str(root), "--json")
            output = str(Path(folder) / "p.json")
            plan, memory = measured("plan", "phase2", "--estate", str(root), "--wave", "1", "-o", output)
            spent.append(plan)
            told = f"scan {scan:.1f} s, plan of the whole wave {plan:.1f} s, {memory:.0f} MB"
            print(f"{size:5} workloads, {size * 10:6} files: {told}", flush=True)
    print(f"growth of the plan from {SIZES[0]} to {SIZES[1]} workloads: {spent[1] / spent[0]:.1f} times (linear: 10)")


_LIST = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
_EXTERNAL = """spec:
  refreshInterval: 1h
  secretStoreRef: {{kind: ClusterSecretStore, name: vault}}
  target: {{name: {name}-keys}}
  data:
    - secretKey: token
      remoteRef: {{key: apps/{name}/token, property: value}}
"""
_DEPLOYMENT = """spec:
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      serviceAccountName: {name}
      containers:
        - name: app
          image: registry.example.test/app:1.2.3
          volumeMounts:
            - {{name: keys, mountPath: /etc/keys, readOnly: true}}
      volumes:
        - name: keys
          secret: {{secretName: {name}-keys}}
"""

if __name__ == "__main__":
    main()
