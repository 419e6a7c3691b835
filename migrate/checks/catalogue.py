"""Every check by its name, and which one a gate asks."""

from __future__ import annotations

from migrate.checks import (
    auth_login,
    db_agent_ttl,
    db_leases_gone,
    db_login,
    db_object_owner,
    db_operator_managed,
    db_pg16_admin,
    db_pg_hba,
    db_reach_from_vault,
    db_revoke_cycle,
    db_rotation_lived,
    db_sessions_gone,
    db_static_takeover,
    db_tls_name,
    eso_owner,
    eso_serves,
    gitops_applied,
    gitops_drift,
    gitops_owner,
    gitops_reverted,
    kv_value_equal,
    pod_dryrun,
    pod_env_exclusive,
    policy_capability,
    rollout_recreate_or_single,
    secret_consumers,
    secret_copies,
    vault_reach,
    webhook_present,
)
from migrate.checks.answer import Check

CHECKS: dict[str, Check] = {
    module.CHECK.name: module.CHECK
    for module in (
        auth_login,
        db_agent_ttl,
        db_leases_gone,
        db_login,
        db_object_owner,
        db_operator_managed,
        db_pg16_admin,
        db_pg_hba,
        db_reach_from_vault,
        db_revoke_cycle,
        db_rotation_lived,
        db_sessions_gone,
        db_static_takeover,
        db_tls_name,
        eso_owner,
        eso_serves,
        gitops_applied,
        gitops_drift,
        gitops_owner,
        gitops_reverted,
        kv_value_equal,
        pod_dryrun,
        pod_env_exclusive,
        policy_capability,
        rollout_recreate_or_single,
        secret_consumers,
        secret_copies,
        vault_reach,
        webhook_present,
    )
}


def check_of(gate: str) -> Check | None:
    """The check that a gate of this id asks: of the same name, or one whose name is the id's beginning."""
    if gate in CHECKS:
        return CHECKS[gate]
    return next((one for one in CHECKS.values() if one.prefix and gate.startswith(one.name + ".")), None)
