"""What the operator types: one file per verb, options -> one call -> exit code. Heavy imports happen inside verbs.

main, application, verbs, commands    the program, its command table, its verbs, and the same as a table for sessions
completing    what a shell offers
place         what every run command stands on: the estate, its runs, the practice world
where         what of a typed command says where it works
connect, live the stores and the observer of a plan, or of settings
approval      a person's word
driving       an engine put together, driven, and its ending told
adopt         what `baseline` and `recover` share
script        the way back as a script
uncollected   a scan or a plan without the search for garbage
lab_world     `lab up` and what follows it
rehearsing, rehearsed    the parts of `rehearse`, and what commands inside one know
session       the verbs of `session`

Every other file is the verb of its name.
"""
