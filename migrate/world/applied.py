"""What a commit of the estate asks for, in the world's own words. Made elsewhere, from files; here are only shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Applied:
    """The objects of one commit by `Kind/namespace/name`. Each has `by`: the Flux Kustomization that applies it.

    Kustomization     {}
    ExternalSecret    {by, store, target, creationPolicy, deletionPolicy, refreshInterval,
                      data: [{key, path, property, fields}], template: {data: {KEY: text}, merges} | null}: `fields`
                      where the key is `*` and others name what is inside
    ServiceAccount    {by, tokens}
    HelmRelease       {by, chart, version, makes: {KEY: object}, keeps: [KEY]}: the objects it makes, and those it made
                      before that stay when it stops
    Deployment (and other kinds that make pods)
                      {by, pod, replicas, secrets: [name], variables: [name], database, at}: `pod` as a manifest,
                      `secrets` those it cannot start without, `database` null or {name, user, password} with
                      each of the two {value} | {secret, key} | {file}, `at` the places of its settings in the release
    Injector          {by, address, failurePolicy, revokes}
    DatabaseOperator  {by, kind, logins: [name]}
    """

    commit: str
    objects: dict[str, dict[str, Any]]
