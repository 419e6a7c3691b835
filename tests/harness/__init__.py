"""An operator at a keyboard, for tests: real commands in real processes that can be killed at any boundary.

boundaries    counts what a process does to the disk, and acts at the n-th of them
fork_server   a program that has everything imported and forks a process for each command
fixtures      gives both to tests
operator      an estate, a practice world and a state folder; commands, merges, snapshots
truth         what is really there, against what the journal says, and where a secret would show
"""
