"""Turns a Snapshot of KPI values into what other systems read: Prometheus and OpenMetrics."""
