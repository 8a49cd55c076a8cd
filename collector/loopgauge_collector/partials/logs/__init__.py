"""What is known of single subjects, stored so that a look-up does not grow with what is stored."""

from loopgauge_collector.partials.logs.logs import Logs
from loopgauge_collector.partials.logs.subject_log import SubjectLog

__all__ = ["Logs", "SubjectLog"]
