"""A host over SSH, by AsyncSSH: control only; the streams that ZFS sends never pass through here.

Nothing else in sealift imports AsyncSSH, and this is imported when the first host over SSH is
opened: AsyncSSH takes a third of a second to load.
"""

from sealift.hosts.ssh.transport import SSHTransport

__all__ = ["SSHTransport"]
