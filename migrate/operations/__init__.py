"""One file for each kind of change an operator would name: facts in, wishes out. Never an inverse, never a store.

catalogue    the operations that a phase may name, each a file of that name
wish         what an operation asks for

What they know of who moves:

subject      any workload: its account, its names, its side of Vault
login        a database login        certificate  a login that a certificate opens
secrets      a workload's secrets    column       a column to seal

How they write into Git:

agent        what the injector is told on every pod
pod_edits, values_edits, post_renderer    a manifest, the values of a release, or what its chart makes of them
merging      the fewest edits that lead to what is wanted
overlaying   into an object's own file, or into a patch where that file serves others too
"""
