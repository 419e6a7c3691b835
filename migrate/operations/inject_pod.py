"""The cutover of a workload in Git: the agent writes files, and its containers read those."""

from __future__ import annotations

from collections.abc import Iterator

from migrate.documents.edits import AddDocument, Edit
from migrate.model.json import Json, mapping
from migrate.model.target import Target
from migrate.operations.overlaying import Instanced, Written, acts
from migrate.operations.pod_edits import pod_edits
from migrate.operations.post_renderer import post_renderer
from migrate.operations.secrets import Form, Plain, Rendered, SecretsSubject, Valued
from migrate.operations.values_edits import values_edits
from migrate.operations.wish import Arguments, Edits, Wish


def inject_pod(subject: SecretsSubject, arguments: Arguments) -> Iterator[Wish]:
    """One commit: the workload's own object, or a patch over it; with it comes a ServiceAccount of its own."""
    manifest = subject.manifest
    names = ", ".join(dict.fromkeys(copied.target_secret for copied in subject.copies))
    workload = manifest.workload
    pods = (
        "its next pod runs so" if subject.change.ends else f"the pods of {workload.kind} {workload.name} are replaced"
    )
    yield Wish(
        target=subject.git,
        act=Edits(acts(manifest.home, manifest.document, tuple(_edits(subject, arguments))), _applied(subject)),
        summary=f"{manifest.kind} {subject.unit} reads files of Vault's agent instead of Secret {names}",
        blast=f"{pods}; ESO and its Secrets stay as they are",
        guard="refused unless the file is the one this plan read",
        needs=("git: commit on the branch",),
        rests_on=(subject.policy, subject.jwt_role),
    )


def _edits(subject: SecretsSubject, arguments: Arguments) -> Iterator[Edit]:
    """The edits of the object's document, in order. Raises CannotEdit where they cannot be exact."""
    match subject.manifest.form:
        case Plain():
            yield from pod_edits(subject, subject.manifest.document, arguments)
        case Valued(words):
            yield from values_edits(subject, words, arguments)
        case Rendered():
            yield from post_renderer(subject, arguments)
    if _comes(subject):
        yield AddDocument(_account(subject))


def _applied(subject: SecretsSubject) -> tuple[Target, ...]:
    """What changes in the cluster by the commit itself: what Helm makes of a release is Helm's."""
    found = [subject.git]
    if isinstance(home := subject.manifest.home, Instanced):
        found.append(home.flux)
    if _comes(subject):
        found.append(Target("git", "ServiceAccount", f"{subject.pods_in}/{subject.account.wanted}"))
    return tuple(found)


def _comes(subject: SecretsSubject) -> bool:
    """Whether the ServiceAccount comes with the commit."""
    return subject.account.changes and not _made_by_chart(subject.manifest.form)


def _made_by_chart(form: Form) -> bool:
    """Whether the account that the workload shall have comes with its chart."""
    return isinstance(form, Valued) and form.words.account_made


def _account(subject: SecretsSubject) -> Json:
    """The ServiceAccount, so that it ends where the pods are.

    Beside the workload in one file it speaks as that does, since whatever moves the one moves the other; what Helm
    makes in another namespace, and what stands in a file that others see otherwise, is named outright.
    """
    manifest = subject.manifest
    beside = isinstance(manifest.home, Written) and manifest.namespace == subject.pods_in
    namespace = mapping(mapping(manifest.document).get("metadata")).get("namespace") if beside else subject.pods_in
    metadata: dict[str, Json] = {"name": subject.account.wanted, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
