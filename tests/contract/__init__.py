"""What zfs, zpool and their shell do, held against both the lab's hosts and the demo's."""
