"""What is peculiar to each kind of thing that changes: how its states compare, how its changes read.

Pure. Knows no store; planning, engine and stores all ask here, so that a change has one rendering.

compare      whether what is there is what was wanted, and what somebody else changed
kinds        fields nobody can read back, fields that move, lists without order
lasting      changes that are never taken back
vault, transit, pki    requests to Vault
kv           which version an entry of KV is at
sql, columns           statements for PostgreSQL
hba, hba_address       PostgreSQL's host-based rules: which one decides
ownership    a Secret's owner references
room         what a node has to give
shell        all of it in the words of `rollback.sh`
"""
