"""One file per check. Preflight, gate, soak, doctor and verify are all these same checks.

A check looks through an `Observer`, writes nothing, and answers Pass, Fail or Inconclusive. `catalogue.py` has them
all by name; `observations.py` says what an observer shows.
"""
