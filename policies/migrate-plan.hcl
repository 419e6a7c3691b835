# What the tool's own token needs to plan, to check and to watch: reads only, and nothing that holds a secret.
#   migrate policies show plan > migrate-plan.hcl        (with the names of your estate)
#   vault policy write migrate-plan migrate-plan.hcl
#   vault token create -policy=migrate-plan -no-default-policy -orphan -ttl=8h -explicit-max-ttl=8h

# Who am I, and how long.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}

# Which mounts there are: never made or removed by this tool.
path "sys/mounts" {
  capabilities = ["read"]
}
path "sys/auth" {
  capabilities = ["read"]
}

# What stands under the tool's prefix already. None of these answers with a password.
path "sys/policies/acl/" {
  capabilities = ["list"]
}
# accepted policy.glob: a plan is made before its names are known, and only names of this tool begin so
path "sys/policies/acl/${prefix}*" {
  capabilities = ["read"]
}
path "auth/${auth}/role/" {
  capabilities = ["list"]
}
# accepted policy.glob: as above
path "auth/${auth}/role/${prefix}*" {
  capabilities = ["read"]
}
# accepted policy.glob: as above; a connection is read back without its password
path "${database}/config/${prefix}*" {
  capabilities = ["read"]
}
# accepted policy.glob: as above
path "${database}/static-roles/${prefix}*" {
  capabilities = ["read"]
}
# accepted policy.glob: as above
path "${database}/roles/${prefix}*" {
  capabilities = ["read"]
}
# accepted policy.glob: as above
path "${pki}/roles/${prefix}*" {
  capabilities = ["read"]
}
# accepted policy.glob: as above; a key is read back without its material
path "${transit}/keys/${prefix}*" {
  capabilities = ["read"]
}
# Which certificates are good still, and which are revoked; never a key.
path "${pki}/certs/" {
  capabilities = ["list"]
}
# ${rules}
