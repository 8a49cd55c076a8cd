"""A small real service that makes videos, instrumented with loopgauge as a user would do it."""
