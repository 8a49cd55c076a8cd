"""Many OTLP records at once: whatever they have in common, each is read as if it came alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopgauge_collector.errors import Refused
from loopgauge_collector.events import Incoming
from loopgauge_collector.receivers import RECEIVERS
from loopgauge_collector.settings import Settings
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from tests.collector import otlp
from tests.collector.conftest import EventMaker
from tests.support.running import JSON, PROTOBUF, Running

SETTINGS = Settings.model_validate({})
(LOGS,) = (receiver for receiver in RECEIVERS if receiver.path == "/v1/logs")
ID, PRODUCER, SEQUENCE = "loopgauge.event.id", "loopgauge.producer.id", "loopgauge.sequence"


def read(records: list[LogRecord], media_type: str = PROTOBUF) -> list[Incoming]:
    body = otlp.encoded(otlp.logs(*records), media_type)
    return [event for part in LOGS.parts(body, media_type, SETTINGS) for event in part.events]


def record(*pairs: tuple[str, object], name: str = "order.placed") -> LogRecord:
    made = LogRecord(event_name=name, time_unix_nano=1_700_000_000_000_000_000)
    made.attributes.extend(KeyValue(key=key, value=otlp.value(plain)) for key, plain in pairs)
    return made


#: Columns of a run: alike in size, which is the rule, or not.
usual: dict[str, st.SearchStrategy[list[object]]] = {
    ID: st.one_of(
        st.sampled_from(["0197c3a2-7d1e-7a34-9c55-0b1f5c7a9e", "x", "éé"]).map(
            lambda start: [f"{start}{at:02}" for at in range(40)]
        ),
        st.sampled_from(["", "é" * 18]).map(lambda text: [text] * 40),
        st.lists(st.text(max_size=2), min_size=40, max_size=40),
    ),
    PRODUCER: st.one_of(
        st.sampled_from(["0197c3a2-7d1e-7a34-9c55-0b1f5c7a9e22", "y", ""]).map(lambda y: [y] * 40),
        st.lists(st.sampled_from(["a", "b", "cd"]), min_size=40, max_size=40),
    ),
    SEQUENCE: st.one_of(
        st.sampled_from([0, 1, 100, 200, 2**14, 2**21 - 20, 2**62, -20]).map(
            lambda first: [first + at for at in range(40)]
        ),
        st.lists(st.integers(-(2**63), 2**63 - 1), min_size=40, max_size=40),
    ),
}
odd = st.one_of(
    st.tuples(
        st.sampled_from([ID, PRODUCER, SEQUENCE]),
        st.sampled_from([None, 7, 0.5, "z", True, b"z", ["z"]]),
    ),
    st.tuples(
        st.sampled_from(["order.id", "order.items", "\x1e", "", "order.weight"]),
        st.one_of(
            st.text('ab"\\\x1eé{},', max_size=5),
            st.integers(0, 2**22),
            st.floats(),
            st.sampled_from(["x" * 125, "x" * 126, "x" * 127, "x" * 128, "x" * 300]),
        ),
    ),
)


@st.composite
def runs(draw: st.DrawFn) -> list[LogRecord]:
    """Records that have their columns in one place, as a rule; and whatever else."""
    ends = st.lists(st.sampled_from([ID, PRODUCER, SEQUENCE]), max_size=4)
    front = [(name, draw(usual[name])) for name in draw(ends)]
    back = [(name, draw(usual[name])) for name in draw(ends)]
    exceptions = draw(st.sets(st.integers(0, 39), max_size=2))
    found = []
    for at in range(draw(st.sampled_from([3, 16, 40]))):
        middle = draw(st.lists(odd, max_size=2))
        if at in exceptions:
            found.append(record(*middle))
            continue
        ahead = [(name, column[at]) for name, column in front]
        behind = [(name, column[at]) for name, column in back]
        found.append(record(*ahead, *middle, *behind))
    return found


@settings(max_examples=150, deadline=None)
@given(runs())
def test_records_of_a_run_are_read_as_if_each_came_alone(records: list[LogRecord]) -> None:
    wanted = []
    for index, one in enumerate(records):
        (event,) = read([one])
        event.index = index
        wanted.append(event)

    # Twice: what was seen before goes another way through the decoder.
    assert read(records) == wanted
    assert read(records) == wanted
    assert read(records, JSON) == wanted


@pytest.mark.parametrize("edge", ["front", "back"])
def test_of_two_values_of_a_column_the_last_one_counts(edge: str) -> None:
    first, last = EventMaker().id(), EventMaker().id(5)
    pairs: list[tuple[str, object]] = [(ID, first), ("order.id", "1"), (ID, last)]
    if edge == "front":
        pairs.append(("order.items", 1))
    else:
        pairs.insert(0, ("order.items", 1))

    for _ in range(2):
        assert {event.id for event in read([record(*pairs)] * 20)} == {last}


def test_log_lines_among_events_leave_their_places_empty() -> None:
    lines = [record(("a", "b"), name="" if at % 3 else "order.placed") for at in range(40)]

    events = read(lines)

    assert [event.index for event in events] == list(range(0, 40, 3))
    assert {event.attributes for event in events} == {b'{"a":"b"}'}


@pytest.mark.parametrize("count", [1, 20])
def test_an_attribute_without_key_and_value_is_quarantined(
    running_collector: Running, event: EventMaker, count: int
) -> None:
    good = [otlp.record(event()) for _ in range(count)]
    good[0].attributes.append(KeyValue())
    body = otlp.encoded(otlp.logs(*good), PROTOBUF)

    for _ in range(2):
        assert running_collector.post("/v1/logs", body, PROTOBUF).status == 200
    outcomes = running_collector.outcomes()
    assert outcomes["quarantined invalid_attribute_name"] == 2


def _length(raw: bytes) -> bytes:
    """The length in front of a field, by way of protobuf itself."""
    return AnyValue(int_value=len(raw)).SerializeToString()[1:]


def _pair(name: str, value: bytes) -> bytes:
    """A field of a record: an attribute, its AnyValue given as bytes."""
    key = name.encode()
    pair = b"\x0a" + _length(key) + key + b"\x12" + _length(value) + value
    return b"\x32" + _length(pair) + pair


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (_pair("order.items", b"\x18\x05"), b"\x32\x01\x0a"),
        (_pair("order.items", b"\x18\x05"), b"\x32\x02\x0a\x05"),
        (_pair("order.items", b"\x18\x05"), _pair("order.items", b"\x18\x85")),
        (_pair("order.id", b"\x0a\x02ab"), _pair("order.id", b"\x0a\x02\xc3\x28")),
        (_pair("order.id", b"\x0a\x02ab"), _pair("order.id", b"\x0a\x03ab")),
        (_pair(SEQUENCE, b"\x18\x85\x05"), _pair(SEQUENCE, b"\x18\x85\x85")),
        (_pair(SEQUENCE, b"\x18\x85\x05"), _pair(SEQUENCE, b"\x18\x05\x05")),
        (_pair(ID, b"\x0a\x02ab"), _pair(ID, b"\x0a\x02a\xc3")),
        (_pair(PRODUCER, b"\x0a\x02ab"), _pair(PRODUCER, b"\x0a\x02a\xc3")),
    ],
)
@pytest.mark.parametrize("count", [1, 20])
def test_one_attribute_that_cannot_be_read_refuses_the_request(
    good: bytes, bad: bytes, count: int
) -> None:
    head = record().SerializeToString()
    records = [head + good] * count
    for last in (good, good, bad):
        wire = b"".join(b"\x12" + _length(raw) + raw for raw in [*records, head + last])
        scope = b"\x12" + _length(wire) + wire
        body = b"\x0a" + _length(scope) + scope
        if last == bad:
            with pytest.raises(Refused) as refused:
                list(LOGS.parts(body, PROTOBUF, SETTINGS))
            assert (refused.value.status, refused.value.reason) == (400, "malformed_protobuf")
        else:
            (part,) = LOGS.parts(body, PROTOBUF, SETTINGS)
            assert len(part.events) == count + 1
