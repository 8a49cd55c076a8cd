"""What kinds that count present subjects have in common: rows of active minutes."""

from loopgauge_collector.kinds.cell import SubjectRows
from loopgauge_collector.windows import Window

#: Outcomes from here on are lists of active subjects, the first list being this one.
ACTIVE = 128


def active(rows: SubjectRows, window: Window, listed: int = 0) -> int:
    """How many subjects of a list were active in a window.

    Each has one row there whose next active minute is not in it any more.
    """
    rows = rows.begun(window.start_bucket, window.end_bucket)
    last = (rows.outcome == ACTIVE + listed) & (rows.closed >= window.end_bucket)
    return int(rows.n[last].sum())
