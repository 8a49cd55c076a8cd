"""What LoopGauge costs and carries, measured beside references in the same run."""
