# ${policy}: what one run of ${plan} may do in Vault, there and back, and nothing else.
#   vault policy write ${policy} ${policy}.hcl
#   vault token create -policy=${policy} -no-default-policy -orphan -ttl=8h -explicit-max-ttl=8h
# A soak is longer than a token should live: make a new one for each evening, and when the run is over:
#   vault policy delete ${policy}
#
# Names are exact, and texts, lists and maps may only be written as the plan says: whoever may write a policy, a login
# role or a connection freely is an administrator. Vault (seen with 1.21) cannot fix numbers so, nor require a field
# without also refusing to read the path.

# Who am I, and how long.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
# ${rules}
