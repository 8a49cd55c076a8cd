"""Every setting of the collector, once: name, default and meaning.

Each can be given as `LOOPGAUGE_<NAME>` in the environment; the command line overrides
a few. `docs/settings.md` lists them and a test keeps it complete.
"""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MIB = 1024 * 1024


def _names(raw: object) -> object:
    """``a, b`` as it stands in the environment; a tuple stays as it is."""
    if not isinstance(raw, str):
        return raw
    return tuple(name for part in raw.split(",") if (name := part.strip()))


class Settings(BaseSettings):
    """Read once, at start."""

    model_config = SettingsConfigDict(env_prefix="LOOPGAUGE_", extra="ignore")

    data_dir: Path = Field(default=Path("loopgauge-data"), description="Where the database stands")
    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: int = Field(
        default=4318, ge=0, le=65535, description="Port; 4318 is OTLP/HTTP's; 0 picks a free one"
    )
    allow_unauthenticated: bool = Field(
        default=False, description="Listen beyond loopback although nobody is asked for a key"
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = Field(
        default=(),
        description="Further names in the Host header that are answered, comma separated",
    )

    json_max_events: int = Field(default=1000, ge=1, description="Events per JSON request")
    json_max_bytes: int = Field(
        default=5 * MIB, ge=1024, description="Bytes of a JSON request on the wire"
    )
    max_bytes: int = Field(default=20 * MIB, ge=1024, description="Bytes of any request, inflated")
    event_max_bytes: int = Field(default=64 * 1024, ge=256, description="Bytes of one event")
    attributes_max: int = Field(default=64, ge=1, description="Attributes of one event")
    attribute_value_max: int = Field(
        default=4096, ge=16, description="Characters of one attribute's value"
    )
    in_flight_bytes: int = Field(
        default=64 * MIB,
        ge=MIB,
        description="Bytes of requests being read at once; more is refused with 503",
    )
    receive_seconds: float = Field(
        default=30.0, gt=0, description="Time a sender has to finish its request"
    )
    future_seconds: float = Field(
        default=600.0, gt=0, description="How far ahead of our clock an event may be"
    )
    events_keep_days: int = Field(
        default=90, ge=1, description="Age beyond which an event is not accepted"
    )

    group_max_events: int = Field(default=20_000, ge=100, description="Events of one commit")
    group_wait_seconds: float = Field(default=0.004, ge=0, description="How long a commit gathers")
    fold_interval_seconds: float = Field(default=0.25, gt=0, description="Pause between two folds")
    fold_max_events: int = Field(default=40_000, ge=100, description="Events of one fold")
    evaluation_interval_seconds: float = Field(
        default=1.0, gt=0, description="Pause between two evaluations"
    )
    label_cap: int = Field(
        default=20,
        ge=1,
        description="Values of one label that get a series of their own, or are shown",
    )
    quarantine_max_events: int = Field(
        default=20_000, ge=1, description="Events kept in quarantine; beyond, the oldest go"
    )

    checkpoint_threshold_mib: int = Field(
        default=64, ge=1, description="WAL size that starts a checkpoint"
    )
    memory_limit_mib: int = Field(default=2048, ge=128, description="Memory that DuckDB may use")
    min_free_mib: int = Field(
        default=256, ge=1, description="Free disk below which events are refused with 503"
    )
    sql_seconds: float = Field(
        default=30.0, gt=0, description="Time one SELECT of /api/v1/sql may take"
    )
    sql_max_rows: int = Field(
        default=10_000, ge=1, description="Rows one SELECT of /api/v1/sql may return"
    )
