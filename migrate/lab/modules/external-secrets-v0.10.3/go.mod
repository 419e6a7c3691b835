module migrate.lab/external-secrets-v0.10.3

go 1.23

require github.com/external-secrets/external-secrets v0.10.3

replace (
	github.com/Masterminds/sprig/v3 => github.com/external-secrets/sprig/v3 v3.3.0
	github.com/external-secrets/external-secrets => ./source
)
