"""The ledger: the durable store of every job, the only truth about what was paid."""
