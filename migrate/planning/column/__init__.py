"""The cases of a phase that seals columns: what `migrate.yaml` names, found in the tree."""
