"""Facts, findings, one verdict: why replication is slow or stuck, with its evidence."""
