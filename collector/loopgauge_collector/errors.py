"""What can go wrong in the collector.

- CollectorError: base of all; its text says what to do
    - StartError: the collector cannot start (port, lock, schema version); exit 2
    - StorageError: DuckDB or the disk failed; nothing more is acknowledged; exit 74
    - Refused: a request that is turned away whole, with its HTTP status
        - Overloaded: 503, try again after `retry_after` seconds
"""

import duckdb

#: After one of these the database is in doubt; every other error, a statement that asked for
#: too much memory among them, is that statement's own.
STORAGE_FAULTS = (
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.IOException,
    duckdb.TransactionException,
    OSError,
)


class CollectorError(Exception):
    """Base of all errors that the collector raises on purpose."""


class StartError(CollectorError):
    """The collector cannot start; the message says what to do."""


class StorageError(CollectorError):
    """The database or the disk failed; the process has to end without closing the file."""


class Refused(CollectorError):
    """A whole request is turned away.

    Attributes:
        status: HTTP status.
        reason: short code for the counter of refused requests.
        detail: what to do, for the sender.
        retry_after: seconds to wait; None where a repeat can never work.
    """

    def __init__(
        self, status: int, reason: str, detail: str, retry_after: int | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after


class Overloaded(Refused):
    """Too much is waiting, or the disk is full. OTLP clients give up on 429, so 503."""

    def __init__(self, reason: str, detail: str, retry_after: int = 2) -> None:
        super().__init__(503, reason, detail, retry_after)
