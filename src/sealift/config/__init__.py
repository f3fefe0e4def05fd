"""The user's routes as a TOML file: read strictly, shown, checked."""
