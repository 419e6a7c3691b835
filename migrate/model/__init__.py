"""Values that everything else speaks in. Knows no file, clock, server or terminal.

target      what a plan changes, by name
state       what stands there, and how it reads in files
change      from one state to the next, and what no inverse undoes
plan        ordered steps and gates, and all that a person must know before saying yes
ports       what the engine asks of a store and an observer, and what they answer
log         hash-chained records: journals and sessions
errors      what went wrong, by what to do next
config      `migrate.yaml`
json, duration, words    JSON values and pointers, lengths of time, PostgreSQL's reserved words
"""
