"""Cases of kind `secrets`: workloads whose ExternalSecrets move to files that Vault's agent writes.

case         the cases, in their order
workloads    which can move, and why others cannot   worklist     what a plan leaves, and for whom
sources      where each key of a Secret comes from
templates    the agent's template for a key: the same bytes
pods         what changes in a pod                   container    and in one container
files        what the agent writes                   replaced     in the place of which key of which Secret
homes        where a workload's edits go
instances    in the Flux Kustomization of one instance, where a folder makes several
releases     pods of Helm releases: by values or by a post-renderer
spelling     what known charts make of their values, and back    persistence    the volumes among them
names        what its checks ask for                 pins         which versions of KV it was planned with
remarks      what must be known before, and what stays true after
"""
