"""Bytes of one file -> facts. Pure, never raises: whatever a file holds, the answer says what was made of it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence

from migrate.documents.reader import Document, YamlFault, load_all, load_once
from migrate.estate import kinds
from migrate.estate.facts import Facts, Failed, FileFacts, Skipped
from migrate.estate.injections import SIGN, injections
from migrate.model.json import Json, items, text

KUSTOMIZE_GROUP = "kustomize.config.k8s.io"
KUSTOMIZATION_NAMES = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})

# A file without any of these cannot name a Secret, run a pod or take part in wiring. Plain substring search:
# faster than any pattern, and about 60 % of real files end here.
_WORDS = (
    b"ecret", b"ECRET", b"toolkit.fluxcd.io", b"fluxcd.controlplane.io", b"ConfigMap", b"argoproj.io",
    b"volsync.backube", b"certificateRef", b"Namespace", b"postgres-operator.crunchydata.com", b"postgresql.cnpg.io",
    b" key:", b'"key"',
)  # fmt: skip
_POD_WORDS = (
    b"Deployment",
    b"StatefulSet",
    b"DaemonSet",
    b"CronJob",
    b"Job",
    b"ReplicaSet",
    b"containers:",
)
_LOOSE_WORDS = (b"redential",)
_ANY_WORD = (*_WORDS, *_POD_WORDS, *_LOOSE_WORDS)

# Every tenth file of a real tree is a budget for pods, which holds none.
_POD = re.compile(rb"Pod(?!DisruptionBudget)")

# YAML may be UTF-16, in which no word above is found.
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_DECLARES = re.compile(rb"""kind["']?\s*:\s*["']?(?:Cluster)?ExternalSecret\b""")
_TEMPLATE = re.compile(rb"^\s*\{\{|\{\{-? *(?:\.Values|include|if|range|with|define|template)\b", re.MULTILINE)


def wanted(path: str, data: bytes) -> bool:
    """Whether anything in the file can matter to a scan."""
    # A plain loop: this runs for every file of the tree, and a generator or a path object doubles its time.
    for word in _ANY_WORD:
        if word in data:
            return True
    return _POD.search(data) is not None or _name(path) in KUSTOMIZATION_NAMES or data.startswith(_UTF16)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def extract(path: str, data: bytes) -> FileFacts:
    """What the file at `path` says, as far as a scan asks; of one that is no text, why it could not be read."""
    told = wanted(path, data) or not _is_text(data)
    return _told(path, data, load_all) if told else FileFacts(path, True, ())


def _is_text(data: bytes) -> bool:
    """Whether the bytes can be text. Not whether they are YAML: to ask that of every file would double a scan."""
    if b"\0" in data:
        return False
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def everything(path: str, data: bytes) -> FileFacts:
    """What the file at `path` says, objects included that no scan asks for."""
    return _told(path, data, load_once)


def _told(path: str, data: bytes, load: Callable[[bytes], Sequence[Document]]) -> FileFacts:
    try:
        documents = load(data)
    except YamlFault as fault:
        return _unreadable(path, data, fault)
    annotated = SIGN.encode() in data or data.startswith(_UTF16)
    objects = tuple(fact for document in documents for fact in _objects(path, document, annotated=annotated))
    if any(isinstance(document.value, dict) and "sops" in document.value for document in documents):
        skipped = Skipped(path, "encrypted with SOPS: only names and kinds were read")
        return FileFacts(path, True, objects, skipped)
    return FileFacts(path, True, objects)


def _unreadable(path: str, data: bytes, fault: YamlFault) -> FileFacts:
    lost = "; it declares an ExternalSecret that this scan cannot see" if _DECLARES.search(data) else ""
    if _TEMPLATE.search(data):
        return FileFacts(path, False, (), Skipped(path, f"a template, not YAML yet (line {fault.line}){lost}"))
    return FileFacts(path, False, (), None, Failed(path, fault.line, f"{fault.message}{lost}"))


def _objects(path: str, document: Document, *, annotated: bool) -> list[Facts]:
    value = document.value
    if not isinstance(value, dict):
        return []
    if _name(path) in KUSTOMIZATION_NAMES and _is_kustomize(value):
        return [_kustomization(path, document, value)]
    if isinstance(items := value.get("items"), list) and str(value.get("kind", "")).endswith("List"):
        return [
            _moved(fact, f"/items/{index}")
            for index, item in enumerate(items)
            if isinstance(item, dict) and (fact := describe(path, document, item, annotated=annotated))
        ]
    fact = describe(path, document, value, annotated=annotated)
    return [fact] if fact else []


def _moved(fact: Facts, below: str) -> Facts:
    """The facts of an item of a list: pointers start at the document."""
    return fact._replace(
        uses=tuple(use._replace(pointer=below + use.pointer) for use in fact.uses),
        injections=tuple(one._replace(pointer=below + one.pointer) for one in fact.injections),
    )


def _is_kustomize(value: dict[str, Json]) -> bool:
    api = value.get("apiVersion", "")
    return not isinstance(api, str) or not api or api.startswith(KUSTOMIZE_GROUP)


def describe(path: str, document: Document, value: dict[str, Json], *, annotated: bool = True) -> Facts | None:
    """The facts of one object, or None where it is no Kubernetes object.

    `annotated`: False where the file is known to hold no annotation of the injector.
    """
    api, kind = value.get("apiVersion"), value.get("kind")
    if not (isinstance(api, str) and isinstance(kind, str)):
        return None
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    reading = kinds.read(api, kind, value)
    return Facts(
        path,
        document.index,
        document.line,
        api,
        kind,
        text(metadata.get("namespace")),
        str(metadata.get("name") or ""),
        _pairs(metadata.get("labels")),
        tuple(pair for pair in _pairs(metadata.get("annotations")) if _matters(pair[0])),
        reading.uses,
        reading.containers,
        reading.service_account,
        reading.workload,
        reading.spec,
        reading.texts,
        tuple(injections(kind, value)) if annotated else (),
    )


_ANNOTATIONS = (
    "kustomize.toolkit.fluxcd.io/",
    "reflector.v1.k8s.emberstack.com/",
    "replicator.v1.mittwald.de/",
    "kubed.appscode.com/sync",
    "cert-manager.io/allow-direct-injection",
    "reloader.stakater.com/",
    "argocd.argoproj.io/",
    "helm.sh/resource-policy",
)


def _matters(annotation: str) -> bool:
    return annotation.startswith(_ANNOTATIONS)


def _pairs(value: Json) -> tuple[tuple[str, str], ...]:
    pairs = value.items() if isinstance(value, dict) else ()
    return tuple((key, item) for key, item in pairs if isinstance(item, str))


_LISTS = ("resources", "bases", "components")
_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902")


def _kustomization(path: str, document: Document, value: dict[str, Json]) -> Facts:
    spec: dict[str, Json] = kinds.pick(value, "namespace", "namePrefix", "nameSuffix")
    for name in _LISTS:
        spec[name] = [item for item in _listed(value.get(name)) if isinstance(item, str)]
    # Patches may hold literals, so they are read again when they are needed rather than kept.
    spec["patched"] = any(value.get(name) for name in _PATCHES)
    spec["replaced"] = bool(value.get("replacements"))
    spec["charts"] = bool(value.get("helmCharts"))
    spec["generators"] = [
        _generator(item, kind) for kind in ("configMap", "secret") for item in items(value.get(f"{kind}Generator"))
    ]
    kind = value.get("kind")
    name = "Component" if kind == "Component" else "Kustomization"
    api = f"{KUSTOMIZE_GROUP}/v1"
    return Facts(path, document.index, document.line, api, name, "", "", (), (), (), (), "", False, spec, False)


def _generator(item: dict[str, Json], kind: str) -> Json:
    files = [name for name in _listed(item.get("files")) if isinstance(name, str)]
    literals = [text.partition("=") for text in _listed(item.get("literals")) if isinstance(text, str)]
    plain = {key: word for key, _, word in literals} if kind == "configMap" else {}
    names = list[Json](files)
    envs = [name for name in [*_listed(item.get("envs")), item.get("env")] if isinstance(name, str)]
    return {
        "kind": "ConfigMap" if kind == "configMap" else "Secret",
        **kinds.pick(item, "name", "namespace", "behavior"),
        "files": names,
        "envs": list[Json](envs),
        "literals": {key: word for key, word in plain.items() if not kinds.sensitive(key)},
    }


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
