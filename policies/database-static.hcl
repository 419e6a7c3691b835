# Read the password that Vault rotates for one login. No wildcard: `app*` would also match `app-admin`.
path "${path}" {
  capabilities = ["read"]
}
