"""Runbooks and what becomes of them when people follow one: parse, check, and a session as a fold over its log.

Pure: text and events in, values out. What runs a command, asks a person or looks at a server is handed in by `cli`.

runbook      a runbook as a value
reading, fences    from Markdown, and the format of what stands in it
checking     whether it can be followed today
starting     one to begin with, from a phase
commands     the command line, as a table handed in
session      where a session stands, from its log
course       what comes next
driving      does it, through `hands`
redaction    what is kept of what was said holds no secret
chain        whether a session's records hold together
report, reporting, answers    what changed, who agreed, the way back
"""
