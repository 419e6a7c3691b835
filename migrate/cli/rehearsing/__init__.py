"""The parts of `migrate rehearse`, in the order in which they work.

newcomer    an estate to rehearse for somebody who brings none
subject     what a plan is about, for whoever watches: a rule
estate      a clone of the estate at the plan's commit
ground      the lab: brought up, and taken away whatever happens
pods        a workload's pods: waited for, and sent away all at once
images      what stood on the servers before the plan, brought into the lab
token       what these commands may do in Vault: what the plan's own policy grants
operator    types the ordinary commands as processes, merges what waits
part, cast  who plays what a plan waits for and no command does:
rotation    makes the first rotation period pass in half a minute
renewal     makes the first certificates live for a minute
admitting   brings a rule into pg_hba
developers  deploy what reads and writes a column: application is a stand-in for theirs
restoring   restores a backup of Vault to a second one
witness     the observer, a program that imports nothing of this one
play        the observer begins, the plan takes its course
drill       an outage of Vault and a cold start, which the moved workloads must live through
course      there, back, and there again
verdict     what all of it proves, and what it does not: a rule
evidence    what is kept of it in the estate's state folder
"""
