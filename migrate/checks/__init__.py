"""One file per check. Preflight, gate, soak, doctor and verify are all these same checks.

A check looks through an `Observer`, writes nothing, and answers Pass, Fail or Inconclusive.

catalogue       every check by its name
answer          the three answers, and what a check is
looking         how a check looks: what is not shown ends the question as inconclusive
observations    what an observer shows of each kind of target
delivery, old_way, pods, quiet, release, sealed_columns    what several checks ask alike

Every other file is the one check that `catalogue` has under the file's name: `db_login` is `db.login`.
"""
