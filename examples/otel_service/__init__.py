"""A service on the stock OpenTelemetry SDK: no line of loopgauge in it, and the same KPIs."""
