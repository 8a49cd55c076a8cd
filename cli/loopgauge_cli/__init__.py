"""The `loopgauge` command: thin, it parses, calls and prints."""
