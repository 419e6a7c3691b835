# Ask for certificates of one role, whose name and life the role fixes. Authorities are read without any grant.
path "${path}" {
  capabilities = ["update"]
}
