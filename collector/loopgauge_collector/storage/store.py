"""The DuckDB file: opening it, its version, and a connection for each thread.

One process owns the file. Two threads write: `writer.py` stores events, `folding.py` what is
computed from them, and neither adds to a table of the other. Everything else reads through
`reader()`, which gives a cursor of its own: a shared connection hands a thread another
thread's rows.
"""

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from loopgauge_collector.errors import StartError
from loopgauge_collector.settings import MIB, Settings
from loopgauge_collector.storage.schema import SCHEMA_VERSION, TABLES

log = logging.getLogger(__name__)

FILE_NAME = "loopgauge.duckdb"


class Store:
    """The open database file.

    Attributes:
        connection: of the thread that stores events.
        folding: of the thread that folds them.

    Raises:
        StartError: the folder cannot be used, another process holds the file, or it was
            written by another schema version.
    """

    def __init__(self, settings: Settings) -> None:
        self.path: Path = settings.data_dir / FILE_NAME
        self._min_free = settings.min_free_mib * MIB
        self._pid = os.getpid()
        try:
            settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(
                f"cannot use the data directory {settings.data_dir}: {error.strerror}; "
                "name another with --data-dir"
            ) from error
        self.connection = self._open(settings)
        self._check_version()
        self.folding = self.connection.cursor()

    def _open(self, settings: Settings) -> duckdb.DuckDBPyConnection:
        try:
            connection = duckdb.connect(
                str(self.path),
                config={
                    "threads": 1,  # short statements get slower with more
                    "memory_limit": f"{settings.memory_limit_mib}MiB",
                    "checkpoint_threshold": f"{settings.checkpoint_threshold_mib}MiB",
                    "enable_external_access": "false",
                    "autoload_known_extensions": "false",
                    "autoinstall_known_extensions": "false",
                    "python_enable_replacements": "false",
                    "preserve_insertion_order": "true",
                },
            )
        except duckdb.IOException as error:
            if "lock" in str(error).lower():
                raise StartError(
                    f"{self.path} is in use by another collector; stop that one, or give this "
                    "one its own folder with --data-dir"
                ) from error
            raise StartError(f"cannot open {self.path}: {error}") from error
        except duckdb.Error as error:
            raise StartError(
                f"cannot open {self.path}: {error}. Nothing was changed; keep a copy of the "
                "file and of its .wal before you try to mend it"
            ) from error
        connection.execute("set TimeZone = 'UTC'")
        # Closing must not write on a full disk; `close` checkpoints when there is room.
        connection.execute("pragma disable_checkpoint_on_shutdown")
        connection.execute("set lock_configuration = true")
        return connection

    def _check_version(self) -> None:
        tables = self.connection.execute(
            "select count(*) from duckdb_tables() where table_name = 'meta'"
        ).fetchone()
        assert tables is not None
        if tables[0] == 0:
            # Tables and data never mix in one WAL: DDL is checkpointed before ingest opens.
            self.connection.execute("begin")
            for statement in TABLES:
                self.connection.execute(statement)
            self.connection.execute("commit")
            self.connection.execute("checkpoint")
            return
        found = self.connection.execute("select max(schema_version) from meta").fetchone()
        assert found is not None
        if found[0] != SCHEMA_VERSION:
            self.connection.close()
            direction = "newer" if found[0] > SCHEMA_VERSION else "older"
            raise StartError(
                f"{self.path} has schema version {found[0]}, this LoopGauge reads "
                f"{SCHEMA_VERSION}: it was written by a {direction} release. Start that release, "
                "or give this one a new folder with --data-dir"
            )

    @contextmanager
    def reader(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for one thread, inside one read transaction: all it sees is one moment."""
        if os.getpid() != self._pid:
            raise StartError("the store was opened before a fork; open it in the child")
        cursor = self.connection.cursor()
        try:
            cursor.execute("begin transaction read only")
            yield cursor
        finally:
            cursor.close()

    def sizes(self) -> tuple[int, int, int]:
        """Bytes of the database, of its WAL, and free on the disk."""
        wal = self.path.with_name(self.path.name + ".wal")
        return (
            self.path.stat().st_size if self.path.exists() else 0,
            wal.stat().st_size if wal.exists() else 0,
            shutil.disk_usage(self.path.parent).free,
        )

    def has_room(self) -> bool:
        """Whether the disk has room for another commit and the checkpoint after it.

        On a small disk a quarter of it is kept free instead of `min_free_mib`.
        """
        usage = shutil.disk_usage(self.path.parent)
        return usage.free >= min(self._min_free, usage.total // 4)

    def close(self) -> None:
        """Checkpoint if there is room, and close. Never called after a storage error.

        Without a checkpoint the log stays and is read at the next start.
        """
        if self.has_room():
            # A query that still reads keeps the log from being merged; it waits for the next start.
            with suppress(duckdb.TransactionException):
                self.connection.execute("checkpoint")
        self.folding.close()
        self.connection.close()
