# Read the password that Vault rotates for one login. No wildcard: `grafana*` would also match `grafana-admin`.
path "${path}" {
  capabilities = ["read"]
}
