"""The processes of a demo: the world's server, and the programs that its shells find in PATH."""
