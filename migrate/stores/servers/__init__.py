"""Vault, PostgreSQL and the cluster together, as an estate's settings name them.

sources     where a credential comes from: a file, a variable, a command
tokens      the Vault token: whose it is, how long it lives, whether it may be written with
logins      what a workload can do: log in to Vault, and with what it reads there to the database
observer    one observer for all three
opening     from settings to stores
"""
