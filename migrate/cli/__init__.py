"""What the operator types: one file per verb, options -> one call -> exit code. Heavy imports happen inside verbs."""
