"""Cases of kind `secrets`: workloads whose ExternalSecrets move to files that Vault's agent writes."""
