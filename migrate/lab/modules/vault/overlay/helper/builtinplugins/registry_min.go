//go:build minimal

// Beside what every build has (kv, pki, transit, ssh, jwt, approle), the lab's Vault knows the methods that a workload's
// login needs: the Kubernetes login and PostgreSQL's roles. Nothing else, so that no cloud's SDK is compiled.
package builtinplugins

import (
	credKube "github.com/hashicorp/vault-plugin-auth-kubernetes"
	dbPostgres "github.com/hashicorp/vault/plugins/database/postgresql"
)

func extendAddonPlugins(r *registry) {
	r.credentialBackends["kubernetes"] = credentialBackend{Factory: credKube.Factory}
	r.databasePlugins["postgresql-database-plugin"] = databasePlugin{Factory: dbPostgres.New}
}
