"""What ZFS says and what it means. Pure: bytes and text in, values out; no input or output."""
