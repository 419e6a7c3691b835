"""Move workloads from secrets that ESO copies out of Vault to secrets the Vault Agent Injector hands to each pod.

Where things are, from what an operator types down to plain values:

    cli        one file per verb: options -> one call -> exit code
    lab        real servers: built from Go modules, started and stopped; the injector's prediction as a webhook
    views      what the operator sees; the only place that prints
    stores     hands: the file tree, Git, Vault, the cluster, PostgreSQL, the practice world, journal and lock
    sessions   runbooks in Markdown: read, check, and what became of one that people follow
    engine     one loop with a direction: apply, resume, rollback
    planning   which steps, in which order, proven reversible
    operations one kind of change an operator would name, as wishes
    checks     what gates ask: pass, fail, or not to be seen yet
    world      what Flux, ESO, the injector and Vault do by themselves, predicted
    targets    kinds of things that change: how their states compare and their changes read
    sealing    the job that encrypts a column in batches: rules and one loop over two ports
    injector   what the injector would do to a pod, predicted
    grants     Vault's policies: what they let somebody do, and what they grant that nobody meant
    estate     a GitOps tree read: wiring, readers, verdicts
    documents  YAML as Kubernetes reads it, edits that keep every other byte, JSON patches
    model      values everything else speaks in, and errors
    catalog    where the data lies that travels with the tool
"""

__version__ = "0.1.0"
