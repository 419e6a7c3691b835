"""Vault's policies as values: what a text says, what it lets somebody do, and what it grants that nobody meant.

policy      one rule, one policy
reading     HCL or JSON to rules, with the line of each
access      which rule counts for a path, by Vault's own order
findings    what the linter says, with a stable code each
lint        a policy's over-grants
roles       a login role's
"""
