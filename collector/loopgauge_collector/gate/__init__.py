"""The HTTP door: what is checked before any route sees a request."""
