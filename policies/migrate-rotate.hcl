# ${policy}: rotate the passwords of ${plan} by hand.
# A grant of its own: every rotation restarts a workload.
#   vault policy write ${policy} ${policy}.hcl
#   vault token create -policy=${policy} -no-default-policy -orphan -ttl=15m -explicit-max-ttl=15m
# ${rules}
