"""The cutover of a Helm release whose values cannot say it: a post-renderer changes what the chart made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from migrate.documents.edits import AppendItem, Edit, change_all
from migrate.documents.render import Style, mapping_lines
from migrate.estate.strategic import difference
from migrate.estate.substitute import AS_WRITTEN
from migrate.model.json import Json, mapping
from migrate.operations.pod_edits import pod_edits
from migrate.operations.secrets import POST_RENDERERS, SecretsSubject
from migrate.operations.wish import Arguments


def post_renderer(subject: SecretsSubject, arguments: Arguments) -> Iterator[Edit]:
    """One more post-renderer behind those there are. Raises CannotEdit where the pod cannot be changed exactly.

    A strategic merge patch: it goes by names, so that it holds while the chart puts other things beside what is named.
    """
    manifest = subject.manifest
    rendered, workload = manifest.read, manifest.workload
    # What a chart renders is past Flux's variables: they are replaced in the text of the patch as a whole.
    beyond = replace(subject, manifest=replace(manifest, variables=AS_WRITTEN))
    after = change_all(rendered, [*pod_edits(beyond, rendered, arguments)])
    patch: dict[str, Json] = {
        "apiVersion": mapping(rendered).get("apiVersion"),
        "kind": workload.kind,
        "metadata": {"name": workload.short},
        **difference(rendered, after),
    }
    target: Json = {"kind": workload.kind, "name": workload.short}
    text = manifest.variables.spell("\n".join(mapping_lines(patch, Style())) + "\n")
    yield AppendItem(POST_RENDERERS, {"kustomize": {"patches": [{"target": target, "patch": text}]}})
