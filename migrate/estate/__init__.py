"""A GitOps tree, read: bytes in, values out.

    facts       what one file says, small enough to keep for 100,000 files
    extract     bytes -> facts, with pods, helm and references for the places that name Secrets
    kustomize, flux, argo, wiring    which objects really reach a cluster, under which names
    strategic, substitute            the patches and variables applied on the way
    readers, producers, levels       who reads a Secret, who makes it, what stands on the path to Vault
    verdicts    what can move and why not
    scan        all of it, in order

Never opens a file: whoever calls hands over bytes and a way to ask for more (`Read`).
"""
