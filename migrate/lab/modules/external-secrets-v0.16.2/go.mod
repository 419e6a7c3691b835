module migrate.lab/external-secrets-v0.16.2

go 1.24.2

require github.com/external-secrets/external-secrets v0.16.2

replace (
	github.com/Masterminds/sprig/v3 => github.com/external-secrets/sprig/v3 v3.3.0
	github.com/external-secrets/external-secrets => ./source
)
