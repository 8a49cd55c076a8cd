"""Which events are taken, and why the others are not."""
