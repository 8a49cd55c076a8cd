"""What is shown: the API, the page, /metrics, health. Everything reads the Snapshot."""
