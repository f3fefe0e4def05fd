"""The only place that runs anything: one door to this machine and to hosts over SSH."""
