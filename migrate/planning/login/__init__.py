"""Cases of kind `login`: a workload's database password, which Vault shall rotate."""
