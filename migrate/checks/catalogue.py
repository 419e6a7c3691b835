"""Every check by its name, and which one a gate asks."""

from __future__ import annotations

from migrate.checks import (
    agent_renders,
    auth_login,
    break_glass,
    cert_life,
    cert_renewed,
    column_compared,
    column_moved,
    column_released,
    column_returns,
    column_shape,
    column_versions,
    column_writes,
    db_agent_ttl,
    db_hba_cert,
    db_leases_gone,
    db_login,
    db_object_owner,
    db_old_login,
    db_operator_managed,
    db_pg16_admin,
    db_pg_hba,
    db_reach_from_vault,
    db_revoke_cycle,
    db_rotation_lived,
    db_sessions_gone,
    db_static_takeover,
    db_tls_client,
    db_tls_name,
    eso_orphaned,
    eso_owner,
    eso_serves,
    gitops_applied,
    gitops_drift,
    gitops_owner,
    gitops_reverted,
    kv_pinned,
    kv_value_equal,
    pki_mount,
    pki_one_authority,
    pki_revoked,
    pki_role_names,
    pod_dryrun,
    pod_env_exclusive,
    pod_room,
    pod_shell,
    policy_capability,
    rollout_recreate_or_single,
    secret_consumers,
    secret_copies,
    transit_backups,
    transit_capability,
    transit_mount,
    transit_restored,
    vault_reach,
    vault_serves,
    webhook_present,
)
from migrate.checks.answer import Check
from migrate.model.errors import Refused

CHECKS: dict[str, Check] = {
    module.CHECK.name: module.CHECK
    for module in (
        agent_renders,
        auth_login,
        column_compared,
        column_moved,
        column_released,
        column_returns,
        column_shape,
        column_versions,
        column_writes,
        cert_life,
        cert_renewed,
        break_glass,
        db_agent_ttl,
        db_hba_cert,
        db_leases_gone,
        db_login,
        db_object_owner,
        db_old_login,
        db_operator_managed,
        db_pg16_admin,
        db_pg_hba,
        db_reach_from_vault,
        db_revoke_cycle,
        db_rotation_lived,
        db_sessions_gone,
        db_static_takeover,
        db_tls_client,
        db_tls_name,
        eso_orphaned,
        eso_owner,
        eso_serves,
        gitops_applied,
        gitops_drift,
        gitops_owner,
        gitops_reverted,
        kv_pinned,
        kv_value_equal,
        pki_mount,
        pki_one_authority,
        pki_revoked,
        pki_role_names,
        pod_dryrun,
        pod_env_exclusive,
        pod_room,
        pod_shell,
        policy_capability,
        rollout_recreate_or_single,
        secret_consumers,
        secret_copies,
        transit_backups,
        transit_capability,
        transit_mount,
        transit_restored,
        vault_reach,
        vault_serves,
        webhook_present,
    )
}


def check_of(gate: str) -> Check | None:
    """The check that a gate of this id asks: of the same name, or one whose name is the id's beginning.

    What follows an `@` says of which workload a plan of several asks.
    """
    name = gate.partition("@")[0]
    if name in CHECKS:
        return CHECKS[name]
    return next((one for one in CHECKS.values() if one.prefix and name.startswith(one.name + ".")), None)


def check_for(gate: str) -> Check:
    """The check that a gate of this id asks. Raises Refused: a plan of a newer version may have gates unknown here."""
    found = check_of(gate)
    if found is None:
        raise Refused(
            f"this version knows no check for gate {gate}",
            truth="the plan was made by another version, or by another phase file",
            undone="nothing was written",
            following="use the version that made the plan, or plan again",
        )
    return found
