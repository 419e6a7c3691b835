"""Can this secret move, and if not, who forces it to stay: one judgement per reader, the strictest decides.

Codes are stable words, documented in docs/verdicts.md with what an operator can do about each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from migrate.estate.facts import Container
from migrate.estate.inventory import Reader, Reason, Verdict
from migrate.estate.mentions import RELOADER
from migrate.estate.operators import CONTROLLER, resource_of
from migrate.estate.profiles import ChartPod, Convention, Image, Profiles
from migrate.estate.readers import pod_of

_STRICTEST: tuple[Verdict, ...] = ("keep", "code", "adapt", "ready")
# Under these keys an object holds the values of a chart; a values file holds them at its top.
_VALUES = {"values", "valuesObject", "valuesInline"}
_FLUX = ".toolkit.fluxcd.io"
# Where a plain volume of a pod names a Secret that the kubelet mounts.
_VOLUMES = (("secret", "secretName"), ("projected", "sources", "*", "secret", "name"))

# Readers that are no pod: the API server hands the Secret to a controller, the kubelet or Helm.
_KEPT = {
    "ingress-tls": ("keep.ingress-tls", "the ingress controller reads it through the API"),
    "gateway-tls": ("keep.gateway-tls", "the gateway controller reads it through the API"),
    "substituteFrom": ("keep.flux-substitute", "Flux substitutes its keys into manifests"),
    "decryption": ("keep.flux-decryption", "Flux decrypts manifests with it"),
    "valuesFrom": ("keep.helm-values", "Helm takes chart values from it"),
    "imagePullSecrets": ("keep.image-pull", "the kubelet pulls images with it before any container starts"),
    "serviceaccount": ("keep.image-pull", "a ServiceAccount hands it to pods for pulling images"),
    "custom-resource": ("keep.custom-resource", "the controller of this resource reads it through the API"),
    "rbac": ("keep.api-read", "a role lets somebody read it through the API by this name"),
}


def judge(readers: Sequence[Reader], keys: Iterable[str], profiles: Profiles) -> tuple[Verdict, tuple[Reason, ...]]:
    """The verdict for a Secret with these readers, and the reasons, deciding ones first.

    `keys` are the keys of the Secret as far as they are known; envFrom turns each into a variable.
    """
    names = tuple(keys)
    wired = [reader for reader in readers if reader.wired and reader.how != "text"]
    if not wired:
        return "orphan", (_unread(readers),)
    judged = [_judge(reader, names, profiles) for reader in wired]
    verdict = min((found for found, _ in judged), key=_STRICTEST.index)
    reasons = [reason for _, reason in sorted(judged, key=lambda pair: _STRICTEST.index(pair[0]))]
    texts = [reader for reader in readers if reader.how == "text" and reader.wired]
    if texts and verdict == "ready":
        verdict = "adapt"
    reasons.extend(_mentioned(reader) for reader in texts)
    if verdict == "adapt" and texts and all(found == "ready" for found, _ in judged):
        reasons.sort(key=lambda reason: reason.code != "adapt.text-mention")
    return verdict, tuple(reasons)


def telling(readers: Sequence[Reader]) -> tuple[Reader, ...]:
    """The readers without the places that only hint at one; where there is nothing else, these count."""
    sure = [reader for reader in readers if not (reader.guess or _restarts(reader))]
    return tuple(sure if any(reader.wired and reader.how != "text" for reader in sure) else readers)


def _restarts(reader: Reader) -> bool:
    """Whether it is an annotation that restarts pods when the Secret changes: that alone reads no value."""
    return RELOADER.rstrip("/") in reader.pointer


def _unread(readers: Sequence[Reader]) -> Reason:
    texts = [reader for reader in readers if reader.how == "text"]
    unwired = [reader for reader in readers if not reader.wired]
    if texts:
        return Reason("orphan.text-only", f"only a text names it, in {texts[0].target}", texts[0])
    if unwired:
        return Reason(
            "orphan.unwired-reader",
            f"only {unwired[0].target} reads it, and nothing applies that file",
            unwired[0],
        )
    return Reason("orphan.no-reader", "nothing in this repository reads it")


def _mentioned(reader: Reader) -> Reason:
    return Reason("adapt.text-mention", f"{reader.target} names it in a command or script", reader)


def _judge(reader: Reader, keys: tuple[str, ...], profiles: Profiles) -> tuple[Verdict, Reason]:
    if reader.kind == CONTROLLER:
        mark = reader.pointer.rpartition("/")[2].replace("~1", "/")
        told = f"{reader.name} reads every Secret with {mark} through the API"
        return "keep", Reason("keep.custom-resource", told, reader)
    if reader.how in _KEPT:
        code, text = _KEPT[reader.how]
        return "keep", Reason(code, f"{reader.target}: {text}", reader)
    if reader.variable in resource_of(reader).variables:
        told = f"{reader.target}: its operator reads what {reader.variable} refers to, too, through the API"
        return "keep", Reason("keep.custom-resource", told, reader)
    match reader.how:
        case "secretRef":
            return "keep", _referenced(reader)
        case "volume":
            return _volume(reader, profiles)
        case "projected":
            return "adapt", Reason("adapt.volume-moved", f"{reader.target} projects it with other sources", reader)
        case "helm-values":
            return _helm(reader, keys, profiles)
        case _:
            return _environment(reader, variables_of(reader, keys), profiles)


def _referenced(reader: Reader) -> Reason:
    if reader.kind in {"SecretStore", "ClusterSecretStore"}:
        return Reason("keep.bootstrap-path", f"{reader.target}: ESO reaches its provider with it", reader)
    if _FLUX in reader.api:
        return Reason("keep.flux-source", f"{reader.target}: Flux authenticates with it", reader)
    return Reason("keep.custom-resource", f"{reader.target}: its controller or driver reads it through the API", reader)


def _volume(reader: Reader, profiles: Profiles) -> tuple[Verdict, Reason]:
    if reader.whole and reader.workload:
        return "ready", Reason("ready.volume", f"{reader.target} mounts the whole Secret as a directory", reader)
    image = profiles.image(reader.pod.image) if reader.pod else None
    if image and any(convention.kind == "config-file" for convention in image.conventions):
        text = f"{reader.target} mounts a configuration file out of it, which the agent can render"
        return "adapt", Reason("adapt.config-rendered", text, reader)
    return "adapt", Reason("adapt.volume-moved", f"{reader.target} mounts parts of it: the paths change", reader)


def _helm(reader: Reader, keys: tuple[str, ...], profiles: Profiles) -> tuple[Verdict, Reason]:
    if _restarts(reader):
        told = f"{reader.target} is restarted when it changes, so it reads it in a way that no value shows"
        return "keep", Reason("keep.helm-values", told, reader)
    if reader.guess:
        told = f"{reader.target} names a Secret by a template, and the name may come out as this one"
        return "keep", Reason("keep.helm-values", told, reader)
    known = _chart_pod(reader, profiles)
    if known is not None and not (reader.pod and reader.pod.image):
        reader = pod_of(reader, known.image)
    if reader.variable:
        return _environment(reader, variables_of(reader, keys), profiles)
    if _mounted(reader, profiles):
        return _volume(reader, profiles)
    if reader.whole:
        return "adapt", Reason("adapt.volume-moved", f"{reader.target} mounts it through chart values", reader)
    return "keep", Reason("keep.helm-values", f"{reader.target}: the chart expects a Secret of this name", reader)


def _chart_pod(reader: Reader, profiles: Profiles) -> ChartPod | None:
    """The known chart's pod whose values hold the place."""
    inside, pods = _inside(reader), profiles.chart(reader.chart).pods
    fitting = [pod for pod in pods if _begins(inside, pod.values) and pod.image]
    return max(fitting, key=lambda pod: len(pod.values), default=None)


def _mounted(reader: Reader, profiles: Profiles) -> bool:
    """Whether a known chart mounts the Secret of that name into its pod."""
    inside, pods = _inside(reader), profiles.chart(reader.chart).pods
    named = [place for pod in pods for place, how in pod.secret_names if how == "volume"]
    listed = [(*place, "*", *end) for pod in pods if (place := pod.volumes) for end in _VOLUMES]
    return any(len(inside) == len(place) and _begins(inside, place) for place in (*named, *listed))


def _inside(reader: Reader) -> tuple[str, ...]:
    """The place, from the top of the values."""
    tokens = tuple(reader.pointer.split("/")[1:])
    start = next((index + 1 for index, token in enumerate(tokens) if token in _VALUES), 0)
    return tokens[start:]


def _begins(tokens: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    return len(tokens) >= len(pattern) and all(
        part in ("*", token) for token, part in zip(tokens, pattern, strict=False)
    )


def variables_of(reader: Reader, keys: tuple[str, ...]) -> tuple[str, ...]:
    """The variables a pod sees: one for env, one per key for envFrom (with its prefix)."""
    if reader.how == "env" or (reader.variable not in {"", "*"} and reader.keys):
        return (reader.variable,)
    prefix = "" if reader.variable == "*" else reader.variable
    return tuple(f"{prefix}{key}" for key in keys)


def _environment(reader: Reader, variables: tuple[str, ...], profiles: Profiles) -> tuple[Verdict, Reason]:
    pod = reader.pod or Container("", "", init=False, command=False)
    running = pod.image or resource_of(reader).images.get(pod.name, "")
    image = profiles.image(running) if running else Image(None, (), entrypoint=False)
    image = replace(image, conventions=tuple(one for one in image.conventions if one.holds(command=pod.command)))
    where = f"{reader.target} ({pod.name})" if pod.name else reader.target
    if names := _file_variables(image, variables):
        return "adapt", Reason("adapt.env-file", f"{where}: the image takes {', '.join(names)} instead", reader)
    config = next((item for item in image.conventions if item.kind in {"config-file", "flag-file"}), None)
    wrapped = pod.command and image.shell is not False
    if config is not None and (config.said_by or not wrapped):
        text = f"{where}: the image takes its settings from a file, which the agent can render{_word_of(config)}"
        return "adapt", Reason("adapt.config-rendered", text, reader)
    if wrapped:
        text = f"{where}: the manifest gives the command, which can be wrapped to read files (needs a shell)"
        return "adapt", Reason("adapt.command-wrapped", text, reader)
    why = "the image has no shell" if image.shell is False else "the command is the image's own"
    text = f"{where} reads the environment only, no file convention is known, and {why}"
    return "code", Reason("code.env-only", text, reader)


def _file_variables(image: Image, variables: tuple[str, ...]) -> list[str]:
    """For each variable the setting that replaces it; empty unless all of them have one."""
    if not variables and any(_from_file(item) and item.covers("*") for item in image.conventions):
        return ["every variable from a file"]
    found: list[str] = []
    for variable in variables:
        convention = next((item for item in image.conventions if _from_file(item) and item.covers(variable)), None)
        if convention is None:
            return []
        found.append(convention.instead_of(variable) + _word_of(convention))
    return found


def _word_of(convention: Convention) -> str:
    return f" (says {convention.said_by})" if convention.said_by else ""


def _from_file(convention: Convention) -> bool:
    return convention.kind in {"env-file", "env-value", "env-dir"}
