"""Charts, where looking beats reading. Pure: pictures in, lines of text out."""
