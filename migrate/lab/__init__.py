"""Real servers for practice, tests and rehearsals. Opens sockets, so nothing below may import it.

What a lab is, and what it is for:

world         its folder and record                   demands, survey    what an estate needs of it
levels        which level a machine can have: machine, needs, packages, toolchain say what that has
recipes       what is built: build, compiler, cache; images, container_images, registry hand it to pods
standins      which image a pod gets, whatever it asks for

Coming up and going:

starting, making, up, steps    from a wish to servers, in what order
processes, containers, companions    how a server runs: a process, a container, one of this package's own programs
network, node, ports, hosts, disk    where
web, certificates    how they are spoken to
status, server, logging    what runs, what it has said
down, warden  taken away, also when whoever brought it up is gone
existing, bringing    servers that are there already, lent to a lab

The servers:

control, cluster, kinds, controllers, services, resolver, surroundings    Kubernetes, and what a cluster stands in
injector, webhook    this project's prediction, or the real injector
vault, database, postgresql, logins, bootstrap, hostrules    Vault, PostgreSQL and what they hold
git, flux     the estate's repository, and who applies it
faultproxy, faults    what can be broken, each with the way back
backup, secondvault    what is left when a cluster is lost
handing       how kubectl, vault, psql and git get there

observing     who watches a rehearsal, a program of its own
"""
