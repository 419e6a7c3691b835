"""The job that encrypts a column in batches, and compares it: rules and one loop over two ports. Knows no driver.

It may be killed at any instant and begun again anywhere: what is left to do is asked of the table each time, a batch
is one transaction, and a row counts only if it is still as it was read. Values live in memory, in a request to Vault
and nowhere else: no statement, log line or error holds one.

ports       what the job asks of a table and of Vault
pace        how fast, and how long in one go
job         seal, rewrap, compare
"""
