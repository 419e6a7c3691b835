# Encrypt or decrypt with one key. Nothing else of it: no reading, no rotating, no configuration, no other key.
path "${path}" {
  capabilities = ["update"]
}
