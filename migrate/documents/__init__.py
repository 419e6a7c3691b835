"""YAML as Kubernetes reads it, edits that touch only their own bytes, JSON patches.

- `reader`: bytes to values (`load_all`, `Document`, `YamlFault`), with go-yaml's `scalars`
- `edits`: edits as values and what they do in memory (`SetScalar`, `AddKey`, ..., `change`, `CannotEdit`)
- `apply`: edits to bytes, verified by reading again (`apply_edits`), over `nodes`, `place`,
  `splice`, `entries` and `render`
- `files`: new files (`create_file`); `diff`: unified diffs
- `neighbours`: two changes of one file that stand beside each other
- `patches`: JSON Patch both ways, guarded and proven

Nothing here opens a file or prints. Import the modules directly: a scan must not pay for ruamel or jsonpatch.
"""
