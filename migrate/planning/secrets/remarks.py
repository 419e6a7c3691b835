"""What an operator must know before a workload's secrets move, what the pod becomes, and what stays true after it."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.estate.inventory import Inventory, Secret
from migrate.model.config import Config
from migrate.model.errors import Refused
from migrate.model.json import Json, items, mapping, sequence
from migrate.model.plan import Remark, Unknown
from migrate.operations.secrets import SecretsSubject
from migrate.planning.compose import Composition
from migrate.planning.copies import Copiers, emptied_by_hand
from migrate.planning.entering import entering_remarks, entering_unknowns, trust_remarks
from migrate.planning.files import Files
from migrate.planning.injected import NewPod, foreseen, injector_remarks
from migrate.planning.secrets.homes import Standing, lasts
from migrate.planning.secrets.names import cutover, document_after
from migrate.planning.surroundings import Injector

_RELOADER = ("reloader.stakater.com/", "secret.reloader.stakater.com/", "configmap.reloader.stakater.com/")


def remarks(
    subject: SecretsSubject,
    secrets: tuple[Secret, ...],
    inventory: Inventory,
    copiers: Copiers,
    files: Files,
    injector: Injector | None,
) -> Iterator[Remark]:
    """Every finding that the tree gives."""
    yield from injector_remarks(injector)
    yield from trust_remarks(subject, secrets[0], inventory, files, injector)
    yield from entering_remarks(subject)
    yield from _retirement(subject, secrets)
    for secret in secrets:
        yield from _shared_keys(secret, copiers)


def _retirement(subject: SecretsSubject, secrets: tuple[Secret, ...]) -> Iterator[Remark]:
    for secret in secrets:
        copied = next(one for one in subject.copies if (one.namespace, one.name) == (secret.namespace, secret.name))
        if not copied.retire:
            mine = (subject.manifest.kind, subject.manifest.namespace, subject.manifest.name)
            others = {one.target for one in secret.readers if one.wired and (one.kind, one.namespace, one.name) != mine}
            why = (
                f"{', '.join(sorted(others))} read Secret {secret.target} too"
                if others
                else ("others are made of the same file, or copy its Secret")
            )
            yield Remark(
                "secret.consumers",
                "warning",
                f"ExternalSecret {secret.id} stays: {why}",
                "it goes with the last reader's plan" if others else "take it away there by hand once nobody needs it",
                secret.file,
            )
        elif copied.never_refreshed:
            yield Remark(
                "eso.refresh-zero",
                "warning",
                f"ExternalSecret {secret.id} never refreshes and would ignore Orphan: the commit gives it an interval",
                "",
                secret.file,
            )
    if (line := emptied_by_hand(subject.copies)) is not None:
        yield Remark(
            "gitops.empty-kustomization",
            "blocks",
            f"{line.entry} is the last entry of {line.place.file}, which nothing lists: kustomize 5.2 and "
            "5.3 would build nothing of it, and Flux 2.2 with them",
            "take that kustomization out of Flux in a change of its own, or add what stays to it",
            line.place.file,
        )


def _shared_keys(secret: Secret, copiers: Copiers) -> Iterator[Remark]:
    """Who else copies the same values: the keys in Vault stay in use after this plan."""
    for other in copiers.beside(secret):
        yield Remark(
            "secret.copies",
            "info",
            f"ExternalSecret {other.id} copies values of the same Vault keys as {secret.id}: they stay in use",
            "",
            other.file,
        )


# --- what the pod becomes ------------------------------------------------------------------------------------------


def foresee(subject: SecretsSubject, template: dict[str, Json], injector: Injector | None) -> Iterator[Remark]:
    """What will be added to the pod, and what an expert would warn of. Raises Refused with the injector's own words."""
    following = (
        f"see {subject.file}, or leave it out (--exclude {subject.unit}); migrate predict shows what the "
        "injector makes of a pod"
    )
    called = f"the pod of {subject.unit}"
    pod = _pod(subject, template)
    new = NewPod(pod, subject.pods_in, subject.unit, subject.file, called, following)
    return foreseen(new, subject.vault, injector)


def _pod(subject: SecretsSubject, template: dict[str, Json]) -> Json:
    """The new pod as the cluster makes it of its template: with its claims, and the token that it mounts by itself."""
    spec = dict(mapping(template.get("spec")))
    claims: list[Json] = [{"name": name, "persistentVolumeClaim": {}} for name in subject.manifest.claims]
    spec["volumes"] = [*sequence(spec.get("volumes")), *claims]
    if spec.get("automountServiceAccountToken") is not False:
        mount: Json = {"name": "kube-api-access", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
        for group in ("initContainers", "containers"):
            spec[group] = [
                {**one, "volumeMounts": [*sequence(one.get("volumeMounts")), mount]} for one in items(spec.get(group))
            ]
        spec["volumes"] = [*sequence(spec.get("volumes")), {"name": "kube-api-access", "projected": {}}]
    metadata: dict[str, Json] = {
        "name": subject.manifest.workload.short,
        "namespace": subject.pods_in,
        "annotations": mapping(template.get("metadata")).get("annotations"),
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def insist_on_last_word(subject: SecretsSubject, stands: Standing, composition: Composition) -> None:
    """Return if no patch that comes after our edits changes the pod again. Raises Refused."""
    moved = cutover(subject, composition)
    if moved and not lasts(stands, document_after(subject, composition), subject.manifest.part):
        raise Refused(
            f"patches that come after {subject.file} would change the pod of {subject.unit} again",
            truth="what reaches the cluster would not be what this plan makes",
            undone="no plan was made",
            following=f"make those patches speak of other fields, or leave it out (--exclude {subject.unit})",
        )


# --- what stays ----------------------------------------------------------------------------------------------------


def unknowns(subject: SecretsSubject, config: Config, injector: Injector | None) -> tuple[Unknown, ...]:
    """What a plan from Git alone could not see."""
    running = "what runs: webhook, pod security, owner references, values"
    return (
        *entering_unknowns(subject, config, injector),
        Unknown("vault", "which versions the values in KV have: none is pinned", "a plan made with --live", False),
        Unknown("cluster", running, "the gates of each stage", False),
    )


def notes(subject: SecretsSubject) -> tuple[str, ...]:
    """What happens on change from now on, what a revert does, and what stays in the cluster."""
    answer = [_reload(subject)]
    answer.append(
        f"Until the contract stage one `git revert` of the cutover commit puts {subject.unit} back on its Secrets, "
        "whatever Vault does."
    )
    retired = [f"{one.namespace}/{one.target_secret}" for one in subject.copies if one.retire]
    if retired:
        answer.append(
            f"Secret {', '.join(retired)} stays in the cluster after its ExternalSecret went: delete it by hand when "
            "nobody would roll back any more."
        )
    if subject.account.changes:
        answer.append(f"ServiceAccount {subject.pods_in}/{subject.account.wanted} is new and {subject.unit}'s own.")
    return tuple(answer)


def _reload(subject: SecretsSubject) -> str:
    """What used to restart the workload when a value changed, and what does so now."""
    manifest = subject.manifest
    if subject.change.ends:
        return f"A value that changes in Vault reaches {subject.unit} with its next pod, as before."
    places = (mapping(manifest.read).get("metadata"), manifest.template.get("metadata"))
    notes_ = [str(name) for place in places for name in mapping(mapping(place).get("annotations"))]
    before = "Reloader" if any(name.startswith(_RELOADER) for name in notes_) else "nothing"
    workload = manifest.workload
    restart = f"kubectl -n {workload.namespace} rollout restart {workload.kind.lower()}/{workload.short}"
    return (
        f"When a value changes in Vault, {before} restarted {subject.unit} so far"
        + (" (it watched the Secret)" if before == "Reloader" else "")
        + f". Now the agent rewrites the file within minutes and nothing restarts: what is read at start only needs "
        f"{restart}"
    )
