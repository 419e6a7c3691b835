"""A small estate with one Secret and whatever reads it: what phase 2 is made of in these tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from migrate.cli.plan import read_estate
from migrate.documents.reader import load_all
from migrate.model.plan import Plan
from migrate.planning.cases import NothingToDo, Selection
from migrate.planning.make import make_plan
from migrate.planning.phases import phase_named
from tests.planning.estates import INJECTOR, STORE

KNOWN = "docker.io/favonia/cloudflare-ddns:1.17.0"
"""An image that takes CLOUDFLARE_API_TOKEN_FILE and has no shell."""
UNKNOWN = "example.test/app:1"


def external(name: str, *keys: str, **spec: Any) -> dict[str, Any]:
    data = [{"secretKey": key, "remoteRef": {"key": f"apps/{name}/{key}", "property": "value"}} for key in keys]
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": name, "namespace": "apps"},
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"},
            "target": {"name": name},
            "data": data,
            **spec,
        },
    }


def container(image: str = UNKNOWN, **held: Any) -> dict[str, Any]:
    return {"name": "app", "image": image, **held}


def variable(name: str, secret: str, key: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def workload(*containers: dict[str, Any], kind: str = "Deployment", name: str = "app", **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": list(containers), **spec}}
    outer: dict[str, Any] = {"selector": {"matchLabels": {"app": name}}, "template": template}
    if kind == "CronJob":
        outer = {"schedule": "@daily", "jobTemplate": {"spec": {"template": template}}}
    version = "batch/v1" if kind in {"CronJob", "Job"} else "apps/v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "apps"}, "spec": outer}


def estate(folder: Path, *objects: dict[str, Any], settings: str = "") -> Path:
    """The estate with these objects, each in a file of its own."""
    folder.mkdir(parents=True)
    names = []
    for found in objects:
        names.append(f"{found['kind'].lower()}-{found['metadata']['name']}.yaml")
        (folder / names[-1]).write_text(yaml.safe_dump(found, sort_keys=False))
    for name, text in (("store.yaml", STORE), ("injector.yaml", INJECTOR)):
        names.append(name)
        (folder / name).write_text(text)
    (folder / "migrate.yaml").write_text(settings)
    listed = "".join(f"  - {name}\n" for name in names)
    header = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
    (folder / "kustomization.yaml").write_text(header + listed)
    return folder


def outcome(folder: Path, *only: str, **selection: Any) -> Plan | NothingToDo:
    return make_plan(read_estate(folder), phase_named("phase2"), selection=Selection(only, **selection))


def planned(folder: Path, *only: str, **selection: Any) -> Plan:
    found = outcome(folder, *only, **selection)
    assert isinstance(found, Plan)
    return found


def pod_after(folder: Path, plan: Plan, name: str = "app") -> dict[str, Any]:
    """The pod template that the cutover leaves, read from the edited bytes."""
    from migrate.planning.commits import replayed

    step = next(step for step in plan.steps if step.operation == "inject-pod" and step.unit.endswith(f"/{name}"))
    (edit,) = step.change.files
    after = replayed((folder / edit.file).read_bytes(), edit.edits)
    assert after is not None
    spec: Any = load_all(after)[0].value["spec"]  # type: ignore[index,call-overload]
    spec = spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec
    return dict(spec["template"])


def notes_of(template: dict[str, Any]) -> dict[str, str]:
    """Those of the injector, without their prefix."""
    return {key.partition("/")[2]: value for key, value in template["metadata"]["annotations"].items()}


def shared_base(folder: Path, *, patch: str = "", base: dict[str, Any] | None = None) -> Path:
    """One Deployment as a base of two overlays, in the namespaces `one` and `two`, each with a Secret of its own.

    `patch`: the rest of an overlay's kustomization, where it changes what it takes in.
    """
    estate(folder)
    held = base or workload(container(KNOWN, env=[variable("CLOUDFLARE_API_TOKEN", "login", "token")]))
    del held["metadata"]["namespace"]
    _write(folder / "base/app.yaml", yaml.safe_dump(held, sort_keys=False))
    _write(folder / "base/kustomization.yaml", "resources: [app.yaml]\n")
    for namespace in ("one", "two"):
        copied = external("login", "token")
        copied["metadata"]["namespace"] = namespace
        _write(folder / f"overlays/{namespace}/login.yaml", yaml.safe_dump(copied, sort_keys=False))
        lines = f"namespace: {namespace}\nresources:\n  - ../../base # theirs\n  - login.yaml\n{patch}"
        _write(folder / f"overlays/{namespace}/kustomization.yaml", lines)
    root = folder / "kustomization.yaml"
    root.write_text(root.read_text() + "  - overlays/one\n  - overlays/two\n")
    return folder


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def made_so(folder: Path, plan: Plan, *operations: str) -> None:
    """Make these steps' commits of the plan in the folder itself."""
    from migrate.planning.commits import replayed

    for step in plan.steps:
        for edit in step.change.files if step.operation in operations else ():
            file = folder / edit.file
            after = replayed(file.read_bytes() if edit.before else None, edit.edits)
            if after is None:
                file.unlink()
            else:
                file.write_bytes(after)
