"""Is everything there that a rollout will need? Asks and reports; changes nothing, mends nothing."""
