"""The whole tool on the whole lab: real Vault, PostgreSQL, Kubernetes, Flux, ESO and pods."""
