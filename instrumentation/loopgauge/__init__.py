"""Events from a service to a LoopGauge collector, with nothing but the standard library."""

from loopgauge._emitter import Emitter
from loopgauge._producer import Stats
from loopgauge._timed import Timing

__all__ = ["Emitter", "Stats", "Timing"]
