"""Vault, PostgreSQL and the cluster together, as an estate's settings name them.

sources     where a credential comes from: a file, a variable, a command
opening     from settings to stores
observer    one observer for all three
logins      what a workload can do: log in to Vault, and with what it reads there to the database
agent, keeper    the real agent, run once and never left behind
agent_files what it would write for the next pod, compared with the Secret
synced      whether a Secret holds what Vault holds
sealed      columns, looked at with both servers
cycle       the whole life of a login that Vault issues
readers     what the tokens of SecretStores may read
rendering   what edits of a release change in the cluster
"""
