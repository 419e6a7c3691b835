"""One loop with a direction: apply, resume and rollback. Intent, guarded write, read back, done.

`settle`, `fold` and `advance` are pure; only `run` holds stores, a clock and randomness.
"""
