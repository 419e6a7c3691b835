# Read one secret of a KV mount. On version 2 `data/` is part of the path, and listing is another one. No wildcard.
path "${path}" {
  capabilities = ["read"]
}
