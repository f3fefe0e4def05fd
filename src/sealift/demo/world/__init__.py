"""What the two hosts of a demo hold, and ZFS's own rules about it. Pure: no I/O, no processes."""
