"""Three simulated products that feed a collector as real services would: `loopgauge demo`."""
