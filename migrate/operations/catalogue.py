"""The operations a phase may name."""

from __future__ import annotations

from migrate.operations.admit_certificate import admit_certificate
from migrate.operations.certificate_login import certificate_login
from migrate.operations.close_login import close_login
from migrate.operations.database_connection import database_connection
from migrate.operations.disown_secret import disown_secret
from migrate.operations.drop_plaintext import drop_plaintext
from migrate.operations.dynamic_role import dynamic_role
from migrate.operations.inject_pod import inject_pod
from migrate.operations.inject_release import inject_release
from migrate.operations.jwt_role import jwt_role
from migrate.operations.keep_service_account import keep_service_account
from migrate.operations.longer_rotation import longer_rotation
from migrate.operations.new_login import new_login
from migrate.operations.orphan_external_secret import orphan_external_secret
from migrate.operations.pki_role import pki_role
from migrate.operations.present_certificate import present_certificate
from migrate.operations.remove_external_secret import remove_external_secret
from migrate.operations.retire_versions import retire_versions
from migrate.operations.rewrap_rows import rewrap_rows
from migrate.operations.rotate_key import rotate_key
from migrate.operations.seal_rows import seal_rows
from migrate.operations.sealed_column import sealed_column
from migrate.operations.static_role import static_role
from migrate.operations.transit_key import transit_key
from migrate.operations.vault_login import vault_login
from migrate.operations.vault_policy import vault_policy
from migrate.operations.wish import Operation

OPERATIONS: dict[str, Operation] = {
    "vault-login": vault_login,
    "new-login": new_login,
    "database-connection": database_connection,
    "static-role": static_role,
    "dynamic-role": dynamic_role,
    "vault-policy": vault_policy,
    "jwt-role": jwt_role,
    "keep-service-account": keep_service_account,
    "inject-release": inject_release,
    "inject-pod": inject_pod,
    "longer-rotation": longer_rotation,
    "orphan-external-secret": orphan_external_secret,
    "disown-secret": disown_secret,
    "remove-external-secret": remove_external_secret,
    "close-login": close_login,
    "transit-key": transit_key,
    "sealed-column": sealed_column,
    "seal-rows": seal_rows,
    "drop-plaintext": drop_plaintext,
    "rotate-key": rotate_key,
    "rewrap-rows": rewrap_rows,
    "retire-versions": retire_versions,
    "pki-role": pki_role,
    "certificate-login": certificate_login,
    "admit-certificate": admit_certificate,
    "present-certificate": present_certificate,
}
