"""One loop with a direction: apply, resume and rollback. Intent, guarded write, read back, done.

Only `run` and what it hands its stores, clock and randomness to (`writing`, `asking`, `recorder`, `inputs`) do
anything; all else is pure.

admission    may this plan run here, and does it still speak of this world
route        the stops of a plan in order, there and back
fold         what a journal means: a run's state
advance      what comes next
run          the loop
writing      one atomic write        asking       one question to one gate
inputs       passwords to be written, in memory only
recorder     on disk first, then true
ending       how a call ended, and its exit code
settle       after a crash, what is there; before an undo, is it still ours
returning    can it still be taken back        units        who can go back alone
residue      what stays behind after a rollback    leaving    which steps a way back left, why, and what settles it
adopting     a journal made from what is there
examining    a plan's checks without a run
verifying    is the world still as recorded
standing, overview    where a run stands, as JSON and at a glance
"""
