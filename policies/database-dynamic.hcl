# Get a login with a lease from one role. Renewing it comes with the default policy (sys/leases/renew).
path "${path}" {
  capabilities = ["read"]
}
