"""The DuckDB file and its first transaction: after it, an event is safe."""
