"""Two virtual machines with real OpenZFS and OpenSSH, to try sealift on."""
