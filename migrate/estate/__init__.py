"""A GitOps tree, read: bytes in, values out.

    facts       what one file says, small enough to keep for 100,000 files
    extract     bytes -> facts: kinds for each kind of object, with fields, pods, helm, charts, references and mentions
                for the places that name Secrets, and injections for annotations that the injector acts on
    tree        the facts of all files, by path
    kustomize, flux, argo, wiring    which objects really reach a cluster, under which names
    waiting     what waits for what in Flux
    placed, settle, strategic, replacements, substitute    what is done to an object on the way
    externals, stores, held    ExternalSecrets, their stores, where in Vault the values lie
    gotemplate, goevaluation    their templates, and the agent's: text and actions, and what they make
    values, templates    Helm values that a release takes from ConfigMaps and files, and templates of charts in the tree
    operators   what controllers read without any object naming it
    readers, producers, levels, layers    who reads a Secret, who makes it, what stands on the path to Vault
    served      who has secrets from Vault through the agent, and which copies that replaces
    verdicts    what can move and why not: profiles is what is known of images, settings what owners decided
    scan        all of it, in order
    inventory   what comes of it, and report the same as `migrate.scan/v1`
    factline, inventoryline    both as a line of text, to be kept

Never opens a file: whoever calls hands over bytes and a way to ask for more (`Read`).
"""
