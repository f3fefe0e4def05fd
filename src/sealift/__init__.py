"""Sealift: sealed (encrypted, raw-send) ZFS replication from one screen."""

__version__ = "0.1.0"
