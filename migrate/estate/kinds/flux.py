"""Flux: Kustomizations, HelmReleases and the sources they come from."""

from __future__ import annotations

from migrate.estate import helm
from migrate.estate.facts import Use
from migrate.estate.fields import Object, Reading, pick, scalar, sensitive
from migrate.estate.references import uses as named_uses
from migrate.model.json import Json, items, pointer_text, reach, strings, text


def kustomization(value: Object) -> Reading:
    """A Flux Kustomization: what it applies, and the Secrets it substitutes from and decrypts with."""
    spec = value.get("spec")
    found: list[Use] = []
    for index, source in enumerate(items(reach(spec, "postBuild", "substituteFrom"))):
        if source.get("kind") == "Secret" and (name := text(source.get("name"))):
            pointer = pointer_text(("spec", "postBuild", "substituteFrom", index, "name"))
            found.append(Use(name, "", "substituteFrom", pointer))
    for how, path in (("decryption", ("decryption",)), ("secretRef", ("kubeConfig",))):
        if name := text(reach(spec, *path, "secretRef", "name")):
            found.append(Use(name, "", how, pointer_text(("spec", *path, "secretRef", "name"))))
    return Reading(tuple(found), _flux_spec(spec))


def _flux_spec(spec: Json) -> Object:
    substitute = reach(spec, "postBuild", "substitute")
    kept: Object = {
        key: scalar(item)
        for key, item in (substitute.items() if isinstance(substitute, dict) else ())
        if not sensitive(key)
    }
    masked = isinstance(substitute, dict) and len(kept) < len(substitute)
    return {
        **pick(spec, "path", "targetNamespace", "namePrefix", "nameSuffix", "sourceRef", "components"),
        **pick(spec, "wait", "timeout", "interval"),
        "healthChecks": [pick(item, "kind", "namespace", "name") for item in items(reach(spec, "healthChecks"))],
        "dependsOn": _depends(spec),
        "postBuild": isinstance(reach(spec, "postBuild"), dict),
        "substitute": kept,
        "masked": masked,
        "substituteFrom": [
            pick(item, "kind", "name", "optional") for item in items(reach(spec, "postBuild", "substituteFrom"))
        ],
        "patched": bool(reach(spec, "patches")),
    }


def _depends(spec: Json) -> list[Json]:
    """What it waits for, each as `namespace/name`; without a namespace it is of its own."""
    return [f"{text(one.get('namespace'))}/{text(one.get('name'))}" for one in items(reach(spec, "dependsOn"))]


def helm_release(value: Object) -> Reading:
    """A HelmRelease: its chart, and every Secret that its values name."""
    spec = value.get("spec")
    namespace = text(reach(value, "metadata", "namespace"))
    release = text(reach(spec, "releaseName")) or text(reach(value, "metadata", "name"))
    found: list[Use] = []
    for index, source in enumerate(items(reach(spec, "valuesFrom"))):
        if source.get("kind") == "Secret" and (name := text(source.get("name"))):
            pointer = pointer_text(("spec", "valuesFrom", index, "name"))
            keys = (text(source.get("valuesKey")) or "values.yaml",)
            found.append(Use(name, "", "valuesFrom", pointer, keys=keys))
    in_values, containers = helm.read_values(reach(spec, "values"), ("spec", "values"), release, namespace)
    others = list(
        named_uses(spec, "secretRef", ("spec",), skip=frozenset({("spec", "values"), ("spec", "valuesFrom")}))
    )
    post = (use._replace(how="helm-values") for use in others if use.pointer.startswith("/spec/postRenderers"))
    plain = (use for use in others if not use.pointer.startswith("/spec/postRenderers"))
    return Reading((*found, *in_values, *post, *plain), _release_spec(spec, release), tuple(containers), texts=True)


def _release_spec(spec: Json, release: str) -> Object:
    chart = reach(spec, "chart", "spec")
    sources = [pick(item, "kind", "name", "valuesKey", "targetPath") for item in items(reach(spec, "valuesFrom"))]
    return {
        "chart": text(reach(chart, "chart")) or text(reach(spec, "chart")),
        "version": str(reach(chart, "version") or ""),
        "valuesFiles": list(strings(reach(chart, "valuesFiles"))),
        "chartRef": pick(reach(spec, "chartRef"), "kind", "name", "namespace"),
        "release": release,
        "named": helm.naming(reach(spec, "values")),
        "targetNamespace": text(reach(spec, "targetNamespace")),
        "valuesFrom": list(sources),
        "dependsOn": _depends(spec),
        "disableWait": reach(spec, "upgrade", "disableWait") is True,
        "createNamespace": reach(spec, "install", "createNamespace") is True,
    }


def source(value: Object) -> Reading:
    """Sources, image and notification objects: the Secrets they authenticate with.

    Those of the operator hold patches and objects as texts besides.
    """
    spec = value.get("spec")
    texts = text(value.get("apiVersion")).startswith("fluxcd.controlplane.io/")
    return Reading(tuple(named_uses(spec, "secretRef", ("spec",))), pick(spec, "url", "ref", "sync"), texts=texts)
