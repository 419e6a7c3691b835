"""Which branch the cluster is made from: the one that Flux's own source of this tree names."""

from __future__ import annotations

from collections import Counter

from migrate.model.json import mapping, text_at
from migrate.planning.files import Files, objects


def deployed_branch(files: Files) -> str | None:
    """The branch of the GitRepository that most Kustomizations are made from; None where none says a branch.

    A tree may hold GitRepositories of other repositories: those few things are made from.
    """
    found = [*objects(files, frozenset({"GitRepository", "Kustomization"}))]
    branches = {
        one.name: branch
        for one in found
        if one.kind == "GitRepository" and (branch := text_at(one.spec, "ref", "branch")) is not None
    }
    uses = Counter(
        str(name)
        for one in found
        if one.kind == "Kustomization" and (name := mapping(one.spec.get("sourceRef")).get("name")) in branches
    )
    if uses:
        return branches[uses.most_common(1)[0][0]]
    return next(iter(branches.values())) if len(branches) == 1 else None
