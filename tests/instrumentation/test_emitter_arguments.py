"""Wrong arguments: never raised into the host, always counted, and told how to mend."""

import datetime as dt
import enum
import fractions
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopgauge import Emitter
from loopgauge.testing import RecordingTransport, capture_events


class Evil:
    """Raises wherever somebody looks."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__
    __len__ = __repr__
    __iter__ = __repr__
    __bool__ = __repr__
    __float__ = __repr__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no eq")

    def __hash__(self) -> int:
        raise RuntimeError("no hash")

    @property
    def __class__(self) -> Any:
        raise RuntimeError("no class")

    @__class__.setter
    def __class__(self, value: Any) -> None:
        raise RuntimeError("no class")


class EvilMapping(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("no item")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no iter")

    def __len__(self) -> int:
        raise RuntimeError("no len")


class EvilZone(dt.tzinfo):
    def utcoffset(self, when: dt.datetime | None) -> dt.timedelta | None:
        raise RuntimeError("no offset")

    def dst(self, when: dt.datetime | None) -> dt.timedelta | None:
        raise RuntimeError("no dst")

    def tzname(self, when: dt.datetime | None) -> str | None:
        raise RuntimeError("no name")


circular: dict[str, Any] = {}
circular["self"] = circular

WRONG: dict[str, tuple[tuple[Any, ...], dict[str, Any], str]] = {
    "no name": ((None,), {}, "name must be a string"),
    "a number as name": ((7,), {}, "name must be a string"),
    "a list as name": ((["a.b"],), {}, "name must be a string"),
    "an object that raises as name": ((Evil(),), {}, "raise an error"),
    "an empty name": (("",), {}, "lower case words joined by dots"),
    "one word": (("registered",), {}, "lower case words joined by dots"),
    "upper case": (("User.registered",), {}, "lower case words joined by dots"),
    "a name with a newline": (("user.registered\n",), {}, "lower case words joined by dots"),
    "a name with markup": (("<script>.x",), {}, "lower case words joined by dots"),
    "a long name": (("a." + "b" * 127,), {}, "at most 128"),
    "attributes that are text": (("a.b", "user"), {}, "attributes must be a dict"),
    "attributes that are a list": (("a.b", [("x", 1)]), {}, "attributes must be a dict"),
    "attributes that raise": (("a.b", EvilMapping()), {}, "raise an error"),
    "an attribute that raises": (("a.b", {"x": Evil()}), {}, "raise an error"),
    "a number as key": (("a.b", {1: 1}), {}, "attribute's name must be a string"),
    "None as key": (("a.b", {None: 1}), {}, "attribute's name must be a string"),
    "an empty key": (("a.b", {"": 1}), {}, "1 to 128 characters"),
    "a key with a newline": (("a.b", {"a\nb": 1}), {}, "control"),
    "a long key": (("a.b", {"k" * 129: 1}), {}, "1 to 128 characters"),
    "a key of ours": (("a.b", {"loopgauge.sequence": 1}), {}, "set by the library"),
    "a nested dict": (("a.b", {"x": {"y": 1}}), {}, "attributes are flat"),
    "a circular dict": (("a.b", circular), {}, "attributes are flat"),
    "a list": (("a.b", {"x": [1]}), {}, "one value each"),
    "bytes": (("a.b", {"x": b"1"}), {}, "a string, a number or a boolean"),
    "a generator": (("a.b", {"x": (n for n in (1,))}), {}, "a string, a number or a boolean"),
    "a Decimal": (("a.b", {"x": Decimal("0.1")}), {}, "emit.cost()"),
    "a date": (("a.b", {"x": dt.datetime.now(dt.UTC)}), {}, "isoformat"),
    "a plain enum": (("a.b", {"x": enum.Enum("Plan", "FREE").FREE}), {}, ".value"),  # type: ignore[attr-defined]
    "NaN": (("a.b", {"x": float("nan")}), {}, "NaN or infinite"),
    "infinity": (("a.b", {"x": float("-inf")}), {}, "NaN or infinite"),
    "numpy's NaN": (("a.b", {"x": np.float32("nan")}), {}, "NaN or infinite"),
    "65 bits": (("a.b", {"x": 2**63}), {}, "64 bits"),
    "65 bits below": (("a.b", {"x": -(2**63) - 1}), {}, "64 bits"),
    "a huge string": (("a.b", {"x": "x" * 10_000_000}), {}, "at most 4096"),
    "a string with NUL": (("a.b", {"x": "a\0b"}), {}, "NUL"),
    "half a character": (("a.b", {"x": "\ud800"}), {}, "half a character"),
    "65 attributes": (("a.b", {f"k{n}": n for n in range(65)}), {}, "at most 64"),
    "a naive time": (("a.b",), {"time": dt.datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001
    "a number as time": (("a.b",), {"time": 1.5}, "must be a datetime"),
    "a date as time": (("a.b",), {"time": dt.date(2026, 1, 1)}, "must be a datetime"),
    "a time that raises": (
        ("a.b",),
        {"time": dt.datetime(2026, 1, 1, tzinfo=EvilZone())},
        "raise an error",
    ),
    "a time before 1970": (("a.b",), {"time": dt.datetime(1969, 1, 1, tzinfo=dt.UTC)}, "1970"),
    "a time after 2262": (("a.b",), {"time": dt.datetime(9999, 1, 1, tzinfo=dt.UTC)}, "2262"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_argument_is_counted_and_the_log_says_what_would_be_right(
    case: str, make_emitter: Callable[..., Emitter], caplog: pytest.LogCaptureFixture
) -> None:
    positional, named, says = WRONG[case]
    transport = RecordingTransport()
    emit = make_emitter(transport=transport)

    emit.event(*positional, **named)
    emit.event("user.registered")

    assert emit.stats().dropped == {"invalid": 1}
    assert emit.flush()
    assert [event.name for event in transport.events] == ["user.registered"]
    assert transport.events[0].attributes["loopgauge.sequence"] == 2
    (record,) = caplog.records
    assert record.name == "loopgauge"
    assert record.levelno == logging.WARNING
    assert says in record.getMessage()
    assert "test_emitter_arguments.py:" in record.getMessage()


def test_the_log_is_written_once_however_often_the_mistake_is_made(
    emit: Emitter, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(1000):
        emit.event("Wrong")
    assert emit.stats().dropped == {"invalid": 1000}
    assert len(caplog.records) == 1


def test_the_log_never_shows_what_the_host_sent(
    emit: Emitter, caplog: pytest.LogCaptureFixture
) -> None:
    emit.event("user ada@example.org registered", {"user.email": "ada@example.org"})
    emit.event("user.registered", {"user.email": "ada@example.org" * 1000})
    assert "ada" not in caplog.text


def test_a_logging_handler_that_raises_does_not_reach_the_host(
    make_emitter: Callable[..., Emitter], hidden_faults: None
) -> None:
    class Broken(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            raise RuntimeError("broken handler")

    handler = Broken()
    logging.getLogger("loopgauge").addHandler(handler)
    try:
        emit = make_emitter(transport=RecordingTransport())
        emit.event("Wrong")
    finally:
        logging.getLogger("loopgauge").removeHandler(handler)
    assert emit.stats().dropped == {"invalid": 1}


class Plan(enum.StrEnum):
    FREE = "free"


class Level(enum.IntEnum):
    LOW = 1


class Kind(str, enum.Enum):  # noqa: UP042 - whose str() is not its value
    CLICK = "click"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (Plan.FREE, "free"),
        (Kind.CLICK, "click"),
        (Level.LOW, 1),
        (np.int64(7), 7),
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (fractions.Fraction(1, 4), 0.25),
        (True, True),
        ("né\n\t", "né\n\t"),
        (-(2**63), -(2**63)),
        (2**63 - 1, 2**63 - 1),
        ("x" * 4096, "x" * 4096),
    ],
)
def test_relatives_of_plain_values_are_sent_as_plain_values(
    emit: Emitter, given: Any, sent: object
) -> None:
    with capture_events(emit) as events:
        emit.event("user.registered", {"value": given})
    assert events[0].attributes == {"value": sent}
    assert type(events[0].attributes["value"]) is type(sent)


def test_names_and_keys_may_be_string_enums_and_attributes_any_mapping(emit: Emitter) -> None:
    class Name(enum.StrEnum):
        EVENT = "user.registered"
        KEY = "user.id"

    class Row(Mapping[str, str]):
        def __getitem__(self, key: str) -> str:
            return "u1"

        def __iter__(self) -> Iterator[str]:
            return iter([Name.KEY])

        def __len__(self) -> int:
            return 1

    with capture_events(emit) as events:
        emit.event(Name.EVENT, Row())
    assert events[0].name == "user.registered"
    assert events[0].attributes == {"user.id": "u1"}
    assert [type(key) for key in events[0].attributes] == [str]


# By name, because Hypothesis looks at what it draws, and so would fall over these.
SPECIAL: dict[Any, Any] = {
    "!evil": Evil(),
    "!mapping": EvilMapping(),
    "!circular": circular,
    "!numpy": np.float32("nan"),
}
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(st.characters())
    | st.binary()
    | st.datetimes()
    | st.sampled_from(["!evil", "!mapping", "!circular", "!numpy"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)


def built(drawn: Any) -> Any:
    """What was drawn, with the special objects in their places."""
    if isinstance(drawn, list):
        return [built(item) for item in drawn]
    if isinstance(drawn, dict):
        return {key: built(value) for key, value in drawn.items()}
    return SPECIAL[drawn] if isinstance(drawn, str) and drawn in SPECIAL else drawn


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[tuple[Emitter, RecordingTransport]]:
    transport = RecordingTransport()
    emitter = Emitter(product="campaigns", service="api", transport=transport, queue_size=10**6)
    yield emitter, transport
    emitter.close()


@given(
    calls=st.lists(
        st.tuples(ANYTHING | st.just("a.b"), ANYTHING, st.none() | ANYTHING), max_size=20
    )
)
def test_no_argument_whatever_raises_and_every_call_is_accounted_for(
    fuzzed: tuple[Emitter, RecordingTransport], calls: list[tuple[Any, Any, Any]]
) -> None:
    emit, transport = fuzzed
    before = emit.stats().emitted
    for call in calls:
        name, attributes, time = map(built, call)
        emit.event(name, attributes, time=time)
        emit.cost(provider=name, operation="a", quantity=attributes, unit="b", amount=time)
        with emit.timed(name, attributes) as timing:
            timing.set_attribute(name, time)
            timing.set_attributes(attributes)
    assert emit.flush()
    stats = emit.stats()
    assert stats.emitted == before + 3 * len(calls)
    assert stats.emitted == stats.sent + sum(stats.dropped.values())
    assert stats.sent == len(transport.events)
    assert set(stats.dropped) <= {"invalid"}


def test_a_dict_that_another_thread_changes_meanwhile_is_copied_safely(
    make_emitter: Callable[..., Emitter],
) -> None:
    emit = make_emitter(transport=RecordingTransport(), queue_size=10**6)
    shared: dict[str, str | int | float | bool | None] = {"a": 1}
    done = threading.Event()

    def change() -> None:
        while not done.is_set():
            for number in range(40):
                shared[f"k{number}"] = number
            shared.clear()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(5000):
            emit.event("a.b", shared)
    finally:
        done.set()
        thread.join()
    assert emit.flush()
    assert emit.stats().sent == 5000
