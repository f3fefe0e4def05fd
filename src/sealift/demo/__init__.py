"""Two embedded hosts to practise on: real shells, simulated zfs, zpool and ssh, one world a demo.

`stage.Demo` opens one. Below it, `world` holds what both pools are (no process, no I/O), `programs`
says what `zfs` and `zpool` answer about it, and `shells` has the processes: the server that keeps
the world, and the small programs that a shell finds first in its PATH.
"""
