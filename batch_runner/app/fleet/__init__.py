"""Many machines on one ledger: workers, and what a run does beside them."""
