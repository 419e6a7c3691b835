"""What an observer shows of each kind of target, as JSON without any secret. Practice and real stores agree on it.

Times are RFC 3339 in UTC. A key that a store cannot know is left out; checks then answer inconclusive.

    vault:sys/health                 {initialized, sealed, version, cluster, trusted}: trusted says whether its
                                     certificate was verified
    vault:sys/host                   {addresses}: where the name that Vault is asked by leads
    vault:MOUNT/static-roles/NAME    the role as Vault reads it back, with last_vault_rotation and ttl (seconds)
    vault:MOUNT/config/NAME          the connection, without its password, with reachable: true|false
    vault:policy/NAME                {policy}
    vault:auth/MOUNT/role/NAME       the role
    vault:leases/PATH                {count}: leases of that path
    vault:versions/MOUNT/data/PATH   {version, written, deleted, destroyed}: the newest version of an entry of KV
                                     version 2 and when it was written; `deleted` (when) and `destroyed` (true) where
                                     it can be read no more. All left out where the token may not see it
    vault:MOUNT/roles/NAME           a role of the database or of the PKI engine, as Vault reads it back
    vault:MOUNT/authority/default    {until, key}: the authority that a PKI engine signs with, how long it is valid, and
                                     what identifies its key
    vault:MOUNT/issued/NAME          {valid: [{serial, since, until, by}], revoked: [serial]}: certificates of a PKI
                                     engine whose common name is NAME and that have not run out; by identifies the key
                                     that signed one
    vault:MOUNT/keys/NAME            a key of Transit, without its material
    vault:MOUNT/rotation/NAME        {latest_version}: the newest version of that key
    vault:sys/mounts/MOUNT           {type}
    postgres:sealed/COLUMNS          {type, guarded}: the column for ciphertext; COLUMNS is
                                     DATABASE.SCHEMA.TABLE.COLUMN.SEALED
    postgres:sealing/COLUMNS         {complete}: whether no row has plaintext without ciphertext
    postgres:rewrapped/COLUMNS.vN    {complete}: whether every ciphertext bears version N of the key or a newer one
    postgres:versions/COLUMNS        {rows: {VERSION: number}}: rows by the version of the key that their ciphertext
                                     bears; 0 for what is no ciphertext
    postgres:plaintext/COLUMNS       {kept, type, indexes: [name], required}: only kept where it was dropped
    postgres:writes/COLUMNS          {guarded, both, plain, sealed}: whether the guard is there, and when an application
                                     last wrote a row with both, with the plaintext alone, with the ciphertext alone
    postgres:comparison/COLUMNS?key=COLUMN&with=PATH
                                     {rows, equal, differing, missing, alone, unreadable}: numbers of rows, decrypted
                                     with the key at PATH and compared, those that changed meanwhile once more under a
                                     lock (they count twice); alone: ciphertext without plaintext
    postgres:restored/COLUMNS?key=COLUMN&with=PATH
                                     {address, ...}: the same of some rows with a second Vault, not locked; absent where
                                     none is named
    vault:MOUNT/reach/NAME           {reached, why}: whether Vault, asked to connect anew with a connection, gets in;
                                     absent where there is no such connection
    postgres:server/settings         {version, system}
    postgres:server/hba              {rules: [{type, databases, users, address, method, line}], unread, server}: rules
                                     in their order; unread counts lines that PostgreSQL cannot read; its own address
    postgres:endpoint/HOST:PORT      {reachable, tls, trusted, names: [name]}: what answers there, seen from here
    postgres:server/revoked          {serials: [serial]}: certificates in the list of revoked ones that the server has
                                     loaded; none where it has no such list
    postgres:certificates/NAME       {count, without, serials: [serial]}: sessions whose session_user is NAME, how many
                                     of them came without a certificate, and the certificates of the others
    postgres:role/NAME               {login, createrole, superuser, connect, memberOf, actsAs, administeredBy, adminOf}
    postgres:sessions/NAME           {count, oldest, newest, actingAs: [role], clients: [address]}: sessions whose
                                     session_user is NAME; oldest and newest are when they began
    postgres:ownership/DATABASE      {owners: {ROLE: count of objects}}
    cluster:Deployment/NS/NAME (and StatefulSet, DaemonSet, CronJob)
                                     {replicas, updated, ready, account, restartedAt,
                                     pods: [{name, address, started, ready, agent, role, deleting, waiting}]}:
                                     waiting says what a pod waits for, in words
    cluster:Secret/NS/NAME           {uid, owners: [{kind, name, uid}], keys, immutable, synced}: synced says whether
                                     its values equal their source in Vault; where that cannot be said, instead of it
                                     {unsaid, settles}: why, and what would settle it
    cluster:SecretOwners/NS/NAME     {KIND/NAME: true}: who owns the Secret
    cluster:ExternalSecret/NS/NAME   {uid, ready, creationPolicy, refreshed, message, generation, handled}: handled is
                                     the generation that ESO last acted on
    cluster:Kustomization/NS/NAME    {ready, suspended, applied: commit}
    cluster:HelmRelease/NS/NAME      {ready, suspended, failed, generation, observed}
    cluster:ServiceAccount/NS/NAME   {uid, tokens: true|false}
    cluster:Webhook/injector         {served, failurePolicy, caTrusted, covers: [namespace] | "*"}
    cluster:Consumers/NS/SECRET      {pods: [namespace/name]}: pods that still name the Secret
    cluster:DatabaseOperator/LOGIN   {listedBy: [Kind ns/name]}: operators' objects that list the login
    cluster:LoginAs/NS/ACCOUNT?role=PATH&audience=TEXT
                                     {allowed, policies: [..], why, issuer, key}: a login to Vault as that account with
                                     the role at PATH (auth/MOUNT/role/NAME), its token revoked at once; whose token it
                                     was refused with. The part after `?` is encoded as in a URL
    cluster:DatabaseLogin/NS/ACCOUNT?role=PATH&audience=TEXT&path=PATH&database=NAME
                                     {allowed, session, current, why}: the same login, then what it reads at path
                                     used to connect. Left out for paths whose reading makes a login
    cluster:RevokeCycle/NS/ACCOUNT?role=PATH&audience=TEXT&path=PATH&database=NAME
                                     {issued, current, owner, left: [login], why}: a login of a dynamic role was issued,
                                     made a table and was revoked: as whom it acted, whose the table was, and what was
                                     left. `off` instead, here and below, where the operator switched the trial off
    cluster:OldLogin/NS/SECRET?key=KEY&login=NAME&database=NAME
                                     {allowed, session, current, why}: a login to the database with what it holds
    cluster:CertificateLogin/NS/ACCOUNT?role=PATH&audience=TEXT&path=PATH&name=NAME&database=NAME&host=NAME
                                     {allowed, session, current, why}: the same login to Vault, then a certificate for
                                     NAME from path, used to connect with verify-full to the server, which must bear
                                     the name `host`
    cluster:DryRun/[KIND/]NS/NAME?CHANGES
                                     {allowed, message, agent, variables: [name]}: the pod that runs now with CHANGES
                                     laid over it, sent as a server-side dry run. CHANGES is the JSON of
                                     `migrate.planning.login.pod.pod_changes`; variables are those of its one container
    cluster:AgentFiles/[KIND/]NS/NAME?ASKED
                                     what the agent of the pod with CHANGES (`pod`) writes, run here: {files, blank,
                                     differing, unseen, by}, lists of paths: all of them, those with nothing in them,
                                     those that differ from the key in `copies` (`NS/SECRET/KEY` by path), those whose
                                     Secret may not be seen; or {fault, at, by}: login, forbidden, nothing, key,
                                     template or start, and the path, key or function it is about; or {untried,
                                     settles}. ASKED is JSON: `pod`, `namespace`, `account`, `account_comes`,
                                     `audience`, `policy` and `copies` as gates have them
    cluster:Room/NS/DEPLOYMENT?CHANGES
                                     {pod, free: {node: AMOUNT}, ours: [{node, ...}], surge, budgets: [name]}: AMOUNT is
                                     {cpu, memory} in thousandths of a core and bytes: what the changed pod asks for,
                                     what nodes open to it have left, what the pods that run now ask for; how many
                                     pods a rollout makes first; disruption budgets that let none go
    cluster:Shell/NS/WORKLOAD/CONTAINER
                                     {present}: whether that container's image has a /bin/sh
    cluster:Rendered/NS/RELEASE?EDITS
                                     {changed: [Kind ns/name], by}: objects of the release that edits of its document
                                     would change, and how that was decided; usedBy: {object: [workload]}, those that
                                     name a changed object in their pods. EDITS is the JSON of
                                     `migrate.planning.login.pod.touched`
    git:Applied/STEP                 {merged, branch, commit, conflict: [file], deployed, pushed: [branch], note}:
                                     whether what the step committed stands in `deployed`, the deployed branch;
                                     `pushed`: copies of the plan's branch elsewhere, as last seen, that hold it;
                                     `note` where the local branch and the remote one have diverged
    git:Applied/STEP@COMMIT          {merged}: the same at one commit, for what Flux says it applied
    git:Reverted/STEP                the same for what took the step back; `pushed`: copies that still hold the step
"""
