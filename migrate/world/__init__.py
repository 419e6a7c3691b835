"""States plus reactions: what Flux, ESO, the injector and Vault do by themselves. Pure; practice runs on it."""
