"""Helm values: places that name a Secret, and the containers they speak of.

Charts differ, shapes recur: `secretKeyRef`, `envFrom`, `existingSecret` mean the same wherever they stand. The
container of a use is the nearest surrounding map that names an image, which is how charts group their values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.documents.reader import YamlFault, load_all
from migrate.estate.facts import Container, Use
from migrate.estate.fields import key_of, pick
from migrate.estate.references import uses as named_uses
from migrate.estate.strategic import is_native, merge
from migrate.model.json import Json, Pointer, items, mapping, pointer_text, text, text_at

HOW = "helm-values"
_RELEASE = re.compile(r"\{\{-?\s*\$?\.Release\.(Name|Namespace)\s*-?\}\}")


def read_values(values: Json, at: Pointer, release: str, namespace: str) -> tuple[list[Use], list[Container]]:
    """Uses and containers in Helm values that stand at `at` in their document."""
    found: list[Use] = []
    containers: dict[str, Container] = {}
    for use, place in _uses(values, at):
        container = _container(values, place)
        if container is not None:
            containers[container.name] = container
        name = resolve(use.secret, release, namespace)
        label = container.name if container else ""
        found.append(use._replace(secret=name, container=label))
    return found, list(containers.values())


def naming(values: Json) -> dict[str, Json]:
    """The two values by which most charts let their objects be called otherwise, where they are there."""
    return pick(values, "fullnameOverride", "nameOverride")


def resolve(name: str, release: str, namespace: str) -> str:
    """`{{ .Release.Name }}-secret` as the chart's `tpl` would render it; other templates stay as written."""
    if "{{" not in name:
        return name
    return _RELEASE.sub(lambda match: release if match.group(1) == "Name" else namespace, name)


def post_rendered(spec: Json, made: Json) -> Json:
    """An object of a release as its post-renderers leave it, as far as these are strategic merge patches.

    Others (JSON patches, images) are not made: whoever compares two states of a release has them on both sides.
    """
    native = is_native(text_at(made, "apiVersion") or "")
    for one in items(mapping(spec).get("postRenderers")):
        for patch in items(mapping(one.get("kustomize")).get("patches")):
            for body in _bodies(patch):
                if _selects(mapping(patch.get("target") or _itself(body)), made):
                    made = merge(made, body, native=native)
    return made


def _bodies(patch: dict[str, Json]) -> list[Json]:
    try:
        return [one.value for one in load_all(text(patch.get("patch")).encode()) if isinstance(one.value, dict)]
    except YamlFault:
        return []  # Flux will say so


def _itself(body: Json) -> dict[str, Json]:
    """Whom a patch without a target is for."""
    return {"kind": text_at(body, "kind"), "name": text_at(body, "metadata", "name")}


def _selects(target: dict[str, Json], made: Json) -> bool:
    """By kind and name, as kustomize does: each a pattern for the whole word."""
    said = {"kind": text_at(made, "kind"), "name": text_at(made, "metadata", "name")}
    try:
        return all(re.fullmatch(text(target.get(key)) or ".*", word or "") for key, word in said.items())
    except re.error:
        return False


def _uses(values: Json, at: Pointer) -> Iterator[tuple[Use, Pointer]]:
    """Each use once, with its place relative to the values."""
    taken: set[str] = set()
    for use, place in _environment(values, at, ()):
        taken.add(use.pointer)
        yield use, place
    for use in named_uses(values, HOW, at):
        if use.pointer not in taken:
            how = use.how if use.how == "imagePullSecrets" else HOW
            yield use._replace(how=how), _relative(use.pointer)[len(at) :]
    yield from _persistence(values, at, ())


def _environment(value: Json, base: Pointer, at: Pointer) -> Iterator[tuple[Use, Pointer]]:
    """Environment variables, in the three ways charts spell them: lists, maps, and `valueFrom` maps."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _environment(item, base, (*at, index))
        return
    if not isinstance(value, dict):
        return
    reference = value.get("secretKeyRef")
    if isinstance(reference, dict) and isinstance(name := reference.get("name"), str):
        pointer = pointer_text((*base, *at, "secretKeyRef", "name"))
        yield Use(name, "", HOW, pointer, "", key_of(reference), _variable(value, at), False), at
    source, variable = value.get("valueFrom"), value.get("name")
    if isinstance(source, dict) and isinstance(variable, str) and isinstance(at[-1] if at else None, int):
        listed = source.get("secretKeyRef")
        if isinstance(listed, dict) and isinstance(name := listed.get("name"), str):
            pointer = pointer_text((*base, *at, "valueFrom", "secretKeyRef", "name"))
            yield Use(name, "", HOW, pointer, "", key_of(listed), variable), at
            return
    for key, child in value.items():
        if key == "envFrom" and isinstance(child, list):
            yield from _env_from(child, base, (*at, key))
        elif isinstance(child, dict | list):
            yield from _environment(child, base, (*at, key))


def _variable(value: dict[str, Json], at: Pointer) -> str:
    """The variable that a `secretKeyRef` becomes: the nearest key above that looks like one."""
    for token in reversed(at):
        if isinstance(token, str) and token != "valueFrom" and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", token):
            return token if token.upper() == token else ""
        if isinstance(token, int):
            break
    # `env: [{name: NAME, valueFrom: {secretKeyRef}}]`: the name stands beside `valueFrom`.
    return ""


def _env_from(items: list[Json], base: Pointer, at: Pointer) -> Iterator[tuple[Use, Pointer]]:
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            continue
        prefix = item.get("prefix")
        for field in ("secretRef", "secret"):
            reference = item.get(field)
            name = reference.get("name") if isinstance(reference, dict) else reference
            if isinstance(name, str) and name:
                tail: Pointer = (field, "name") if isinstance(reference, dict) else (field,)
                pointer = pointer_text((*base, *at, index, *tail))
                yield Use(name, "", HOW, pointer, "", (), prefix if isinstance(prefix, str) else "*"), at


def _persistence(value: Json, base: Pointer, at: Pointer) -> Iterator[tuple[Use, Pointer]]:
    """`{type: secret, name: x}`: how application charts mount a Secret."""
    if isinstance(value, dict):
        name = value.get("name")
        if value.get("type") == "secret" and isinstance(name, str):
            pointer = pointer_text((*base, *at, "name"))
            yield Use(name, "", HOW, pointer, "", (), "", whole=True), at
        for key, child in value.items():
            if isinstance(child, dict | list):
                yield from _persistence(child, base, (*at, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _persistence(child, base, (*at, index))


def _container(values: Json, place: Pointer) -> Container | None:
    """The nearest map around `place` that names an image, or else the values' part it lies in."""
    chain = _ancestors(values, place)
    for pointer, node in reversed(chain):
        if "image" in node:
            name = next((token for token in reversed(pointer) if isinstance(token, str)), "")
            command = bool(node.get("command"))
            init = any(token in {"initContainers", "extraInitContainers"} for token in pointer)
            return Container(name, image_of(node["image"]), init, command)
    part = next((token for token in place[:-1] if isinstance(token, str)), "")
    return Container(part, "", False, False) if part else None


def _ancestors(values: Json, place: Pointer) -> list[tuple[Pointer, dict[str, Json]]]:
    chain: list[tuple[Pointer, dict[str, Json]]] = []
    node: Json = values
    for depth, token in enumerate((*place, "")):
        if isinstance(node, dict):
            chain.append((place[:depth], node))
            node = node.get(str(token))
        elif isinstance(node, list) and str(token).isdigit() and int(token) < len(node):
            node = node[int(token)]
    return chain


def image_of(image: Json) -> str:
    """The image that values name, as a text or in parts; empty where they do not."""
    if isinstance(image, str):
        return image
    if not isinstance(image, dict):
        return ""
    parts = [image.get("registry"), image.get("repository") or image.get("name")]
    name = "/".join(part for part in parts if isinstance(part, str) and part)
    tag = image.get("tag")
    return f"{name}:{tag}" if name and isinstance(tag, str) and tag else name


def _relative(pointer: str) -> Pointer:
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])
