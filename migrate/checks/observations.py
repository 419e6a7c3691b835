"""What an observer shows of each kind of target, as JSON without any secret. Practice and real stores agree on it.

Times are RFC 3339 in UTC. A key that a store cannot know is left out; checks then answer inconclusive.

    vault:sys/health                 {initialized, sealed, version, cluster}
    vault:MOUNT/static-roles/NAME    the role as Vault reads it back, with last_vault_rotation and ttl (seconds)
    vault:MOUNT/config/NAME          the connection, without its password, with reachable: true|false
    vault:policy/NAME                {policy}
    vault:auth/MOUNT/role/NAME       the role
    vault:leases/PATH                {count}: leases of that path
    postgres:server/settings         {version, system}
    postgres:role/NAME               {login, createrole, superuser, connect, memberOf, actsAs, administeredBy, adminOf}
    postgres:sessions/NAME           {count, oldest, newest, actingAs: [role]}: sessions whose session_user is NAME
    postgres:ownership/DATABASE      {owners: {ROLE: count of objects}}
    cluster:Deployment/NS/NAME       {replicas, updated, ready, account,
                                     pods: [{name, started, ready, agent, role, deleting}]}
    cluster:Secret/NS/NAME           {uid, owners: [{kind, name, uid}], keys, immutable, synced}: synced says whether
                                     its values equal their source in Vault (left out where that may not be seen)
    cluster:ExternalSecret/NS/NAME   {uid, ready, creationPolicy, refreshed}
    cluster:Kustomization/NS/NAME    {ready, suspended, applied: commit}
    cluster:HelmRelease/NS/NAME      {ready, suspended, failed, generation, observed}
    cluster:ServiceAccount/NS/NAME   {uid, tokens: true|false}
    cluster:Webhook/injector         {served, failurePolicy, caTrusted, covers: [namespace] | "*"}
    cluster:Consumers/NS/SECRET      {pods: [namespace/name]}: pods that still name the Secret
    cluster:DatabaseOperator/LOGIN   {listedBy: [Kind ns/name]}: operators' objects that list the login
    cluster:LoginAs/NS/ACCOUNT?ROLE  {allowed, policies: [..]}: a login to Vault as that account with that role
    git:Applied/STEP                 {merged, branch, commit, conflict: [file]}: whether what the step committed stands
                                     in the deployed branch
    git:Applied/STEP@COMMIT          {merged}: the same at one commit, for what Flux says it applied
    git:Reverted/STEP                the same for what took the step back
"""
