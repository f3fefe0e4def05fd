"""What two hosts hold, how it compares, what to send, and the sending of it."""
