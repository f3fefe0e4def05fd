"""What `zfs` and `zpool` answer about a world: their options, tables, refusals and exit codes.

The words are those of OpenZFS 2.3.2, as `tests/contract` recorded them on real hosts.
"""
