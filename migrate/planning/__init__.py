"""From an estate to a plan that is proven reversible. Pure: files and servers are ports.

What can be asked for, and what it stands on:

phases, own       phase files, and a folder of one's own
beginning         which phase, and which workload, comes first
configuration, origins, misconfigured    `migrate.yaml`: read, where each setting comes from, what is wrong with it
starter           the first `migrate.yaml`
servers           what is known of the servers: seen, or assumed
files             the estate's files, changed in memory as the steps would

What moves, for each kind of phase a folder (`kinds` has them), and what it means is in `cases`:

login, secrets, certificate, column
surroundings, injected, entering, accounts, database    what these ask alike: the injector, the store, the way in, the
                  accounts, the database operators

From wishes to a plan:

make              all of it, in order
compose           steps: the state before and after each
gates             what must hold before which step
commits, copies, deployed    steps in Git; how ExternalSecrets retire; which branch counts
built, effects, builds       what the tree makes of a cluster, what a commit changes of that, as was said
prove             each step and then its inverse, on what is there
standstill, rebuilt          what stands still in Flux meanwhile; whether a cluster made anew would still come up
implied, running  what the tree says of its servers, and what runs on them

What becomes of a plan:

document, wire, loading      the file: written, its shape, read back
rendering, rollback_script, export    the way back, for people without this tool
masking, literals            no literal of a Git file is shown
touched           what a cutover edits of a release, for the gate that renders its chart
explain           which lines caused a step
rights, privilege what the tool may do in Vault, and how much less workloads can read afterwards
"""
