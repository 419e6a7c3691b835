"""What the operator sees: the only place that prints. Results go to stdout, progress and problems to stderr.

A file for each thing shown, in the words of the verb that shows it: board, demo, doctor, lab, lab_build, phases, plan,
policies, practice, predict, privilege, rehearse, run (and live, where somebody watches), runbook, scan, session,
status, verify. Where a thing has several forms, they stand beside it:

scan_table, scan_html, scan_markdown, scan_mermaid, scan_svg    a scan; scan_flow is the graph that the last two draw
report_markdown, report_html, report_charts    a report

And what all of them speak through:

console      the two streams
text         safe, wrapped, coloured only where wanted
prompt       a question to a person
progress     how far a long scan is
watch        a screen that is drawn again
"""
