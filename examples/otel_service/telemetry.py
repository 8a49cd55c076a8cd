"""The whole set-up: an OpenTelemetry logger whose records have an event name.

LoopGauge needs three resource attributes (product, service, environment) and an event name
on each record. Everything else is the SDK as its documentation has it.
"""

import time
from collections.abc import Mapping

from opentelemetry._logs import Logger
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

Scalar = str | int | float | bool


def logger_provider() -> LoggerProvider:
    """A provider that sends to OTEL_EXPORTER_OTLP_ENDPOINT, by default http://localhost:4318."""
    resource = Resource.create(
        {
            "service.namespace": "ytempire",
            "service.name": "video-shorts",
            "deployment.environment.name": "production",
        }
    )
    provider = LoggerProvider(resource=resource)
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    return provider


def emit(logger: Logger, name: str, attributes: Mapping[str, Scalar]) -> None:
    """One event, now."""
    logger.emit(event_name=name, timestamp=time.time_ns(), attributes=dict(attributes))
