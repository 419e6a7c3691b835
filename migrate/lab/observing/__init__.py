"""Watches a lab while a plan is rehearsed in it, as a stranger would: by kubectl, vault, psql and the pods' doors.

A program of its own that imports nothing else of this project, so that no fault of it can hide another; `program.py`
is where it begins, `LAUNCH` how. Each workload has an observer: kubectl tells of every change of its pods and Secrets,
ten times a second a pod with a door is asked to write and read in its database, psql tells of passwords and sessions
and logs in with what a pod shows, and a stand-in's log which of Vault's values it has read. Data is held as digests,
and appears nowhere.

program      where it begins                         observer     who watches one workload, with the same eyes
pods, database, doors, values, certificates, columns    what is watched: pods and Secrets, logins, the doors, Vault's
    values, what certificates open, what a sealed column holds
commands     the operator's own programs             seen         what came of it, and what is excused
"""

LAUNCH = "import sys; sys.path.append(sys.argv.pop(1)); from observing.program import main; sys.exit(main())"
"""For `python -I -c LAUNCH FOLDER --settings FILE --log FILE`, FOLDER being the one that holds this folder."""
