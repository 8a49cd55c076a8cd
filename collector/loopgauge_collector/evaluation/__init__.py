"""From sums to values with states, and to the Snapshot that everybody reads."""
