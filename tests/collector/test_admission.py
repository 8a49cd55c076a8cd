"""Admission: what is stored, under which product, and that its two ways never disagree."""

import random
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.kpis import EventName
from loopgauge_catalog.loader import load, loads
from loopgauge_collector.admission.admit import admit
from loopgauge_collector.admission.attributes import Limits
from loopgauge_collector.admission.examination import Bounds, Examination
from loopgauge_collector.admission.reasons import REASONS
from loopgauge_collector.admission.sources import origins
from loopgauge_collector.errors import Refused
from loopgauge_collector.events import Admitted, EventColumns, Incoming
from loopgauge_collector.settings import Settings
from pydantic import TypeAdapter, ValidationError

ROOT = Path(__file__).resolve().parents[2]
INTAKE = Path(__file__).with_name("intake.yaml")
LIMITS = Limits.of(Settings.model_validate({}))
SHOP = load([INTAKE])
MOMENT = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
NOW = int(MOMENT.timestamp()) * 1_000_000
SECOND = 1_000_000
DAY = 86_400 * SECOND


def uuid7(number: int = 0) -> str:
    digits = f"{NOW // 1000:012x}7{number % 4096:03x}8{number:015x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def incoming(index: int = 0, **changes: Any) -> Incoming:
    """A good event; attributes may be given as bytes or as a dict."""
    given_attributes = changes.pop("attributes", {"order.id": str(index)})
    if not isinstance(given_attributes, bytes):
        given_attributes = msgspec.json.encode(given_attributes)
    event = Incoming(
        index,
        uuid7(index),
        "order.placed",
        "2026-11-21T10:29:00.000001Z",
        given_attributes,
        "shop",
        "till-1",
    )
    return msgspec.structs.replace(event, **changes)


def rows(columns: EventColumns) -> list[tuple[object, ...]]:
    return list(zip(*(getattr(columns, field.name) for field in fields(columns)), strict=True))


def outcome(admitted: Admitted) -> tuple[list[tuple[object, ...]], list[tuple[int, str, str]]]:
    rejected = [(event.index, event.reason, event.detail) for event in admitted.rejected]
    return rows(admitted.columns), rejected


def reason(*events: Incoming, catalog: Catalog = SHOP, **options: Any) -> str | None:
    """Why the last event is rejected; None when it is stored."""
    admitted = admit(events, catalog, NOW, LIMITS, **options)
    found = {event.index: event.reason for event in admitted.rejected}
    return found.get(events[-1].index)


def test_a_good_event_becomes_a_row_with_every_column() -> None:
    producer = str(uuid4())
    event = incoming(7, environment="staging", producer=producer, sequence=3)

    assert rows(admit([event], SHOP, NOW, LIMITS).columns) == [
        (
            7,
            event.id,
            "order.placed",
            NOW - 60 * SECOND + 1,
            "shop",
            "till-1",
            "staging",
            producer,
            3,
            '{"order.id":"7"}',
        )
    ]


def test_attributes_are_stored_as_they_came() -> None:
    text = b'{ "order.id" : "1",\n "x":  -0.10e1 }'

    assert admit([incoming(attributes=text)], SHOP, NOW, LIMITS).columns.attributes == [
        text.decode()
    ]


@pytest.mark.parametrize(
    ("moment", "wanted"),
    [
        (NOW + 600 * SECOND, None),
        (NOW + 600 * SECOND + 1, "in_future"),
        (NOW - 90 * DAY, None),
        (NOW - 90 * DAY - 1, "too_old"),
    ],
)
def test_the_bounds_of_time_are_inclusive_to_the_microsecond(
    moment: int, wanted: str | None
) -> None:
    assert reason(incoming(time=moment * 1000 + 999)) == wanted
    assert (
        reason(incoming(time=(moment + 1) * 1000 - 1, attributes=b'{"order.id":"\\t"}')) == wanted
    )


def test_in_a_replay_age_counts_from_the_first_receipt_and_future_from_now() -> None:
    old = incoming(time=(NOW - 91 * DAY) * 1000)
    ahead = incoming(time=(NOW + 601 * SECOND) * 1000)

    assert reason(old) == "too_old"
    assert reason(old, first_received=NOW - 2 * DAY) is None
    assert reason(ahead) == "in_future"
    assert reason(ahead, first_received=NOW - 1000 * SECOND) == "in_future"
    assert reason(incoming(), first_received=NOW - 1000 * SECOND) is None


@pytest.mark.parametrize(
    ("product", "service", "wanted"),
    [
        ("shop", "anything", "shop"),
        ("elsewhere", "till-1", "elsewhere"),
        (None, "till-9", "shop"),
        ("", "till-9", "shop"),
        (None, "both-1", ""),
        (None, "nobody", ""),
        (None, None, ""),
        (None, "", ""),
    ],
)
def test_the_product_is_the_events_own_or_that_of_the_one_catalog_which_claims_the_service(
    product: str | None, service: str | None, wanted: str
) -> None:
    shop = INTAKE.read_text()
    shared = shop.replace("services: [till-*]", "services: [till-*, both-1]")
    other = shared.replace("product: shop", "product: other").replace("till-*", "desk-*")
    catalog = Catalog(
        (loads(shared).products["shop"], loads(other).products["other"]),
    )

    event = incoming(product=product, service=service, name="never.heard_of")

    assert admit([event], catalog, NOW, LIMITS).columns.product == [wanted]
    assert admit([event], catalog, NOW, LIMITS).columns.service == [service or ""]


def test_a_changed_catalog_counts_for_the_next_event() -> None:
    strict = loads(
        INTAKE.read_text().replace("order.gift: {type", "order.gift: {required: true, type")
    )

    assert reason(incoming()) is None
    assert reason(incoming(), catalog=strict) == "missing_attribute"
    assert reason(incoming()) is None


def test_an_event_of_another_product_is_not_judged_by_this_catalog() -> None:
    assert reason(incoming(attributes={}, product="elsewhere")) is None


def test_what_is_rejected_keeps_its_whole_payload_and_a_sender_to_find() -> None:
    event = incoming(4, attributes={"order.id": 1}, environment="staging", sequence=9)

    (rejected,) = admit([event], SHOP, NOW, LIMITS).rejected

    assert msgspec.json.decode(rejected.payload, type=Incoming) == msgspec.structs.replace(
        event, index=0
    )
    assert (rejected.id, rejected.product, rejected.service) == (event.id, "shop", "till-1")
    assert (rejected.name, rejected.reason) == ("order.placed", "wrong_type")


def test_names_that_are_not_well_formed_reach_no_list_and_no_label() -> None:
    odd = "<script>" * 20
    event = incoming(id=odd, name=odd, product=odd, service=odd)

    (rejected,) = admit([event], SHOP, NOW, LIMITS).rejected

    assert (rejected.product, rejected.service, rejected.name) == ("", "", "")
    assert rejected.id == odd[:64]


def test_of_an_event_that_is_too_large_only_the_sender_is_kept() -> None:
    event = incoming(attributes={"x": "y" * 5_000_000}, name="n" * 100_000)

    (rejected,) = admit([event], SHOP, NOW, LIMITS).rejected
    kept = msgspec.json.decode(rejected.payload, type=Incoming)

    assert rejected.reason == "event_too_large"
    assert len(rejected.payload) < 2000
    assert (kept.id, kept.service, kept.attributes) == (event.id, "till-1", b"{}")
    assert reason(kept) == "event_too_large"


def test_a_flaw_that_the_receiver_found_is_the_reason() -> None:
    event = incoming(flaw=("not_finite", "the attribute 'x' is nan"))

    (rejected,) = admit([event], SHOP, NOW, LIMITS).rejected

    assert (rejected.reason, rejected.detail) == ("not_finite", "the attribute 'x' is nan")


def test_parts_of_a_request_come_together_in_order() -> None:
    admitted = admit([incoming(0), incoming(1, id=None)], SHOP, NOW, LIMITS)
    admitted = admit([incoming(2, id=str(uuid4())), incoming(3)], SHOP, NOW, LIMITS, into=admitted)

    assert admitted.columns.index == [0, 2, 3]
    assert [event.index for event in admitted.rejected] == [1]


def test_rows_stand_in_the_order_of_the_request_whichever_way_they_took() -> None:
    events = [
        incoming(n, attributes=b'{"order.id":"a\\tb"}' if n % 3 else {"order.id": "x"})
        for n in range(50)
    ]

    assert admit(events, SHOP, NOW, LIMITS).columns.index == list(range(50))


def test_nesting_beyond_reason_refuses_the_whole_request() -> None:
    deep = b'{"order.id":' + b"[" * 5 + b"]" * 5 + b"}"

    with pytest.raises(Refused, match="levels deep") as refused:
        admit([incoming(0), incoming(1, attributes=deep)], SHOP, NOW, LIMITS)
    assert refused.value.status == 400


@given(
    st.one_of(
        st.from_regex(r"[a-z0-9_.]{0,12}", fullmatch=True),
        st.text(max_size=8),
        st.integers(120, 130).map(lambda size: "a." + "b" * (size - 2)),
    )
)
def test_every_name_that_a_catalog_can_declare_is_admitted_and_no_other(name: str) -> None:
    try:
        TypeAdapter(EventName).validate_python(name)
    except ValidationError:
        wanted: str | None = "invalid_name"
    else:
        wanted = None

    assert reason(incoming(name=name, product="elsewhere")) == wanted


def test_every_reason_is_explained_in_the_documents() -> None:
    text = (ROOT / "docs" / "quarantine.md").read_text()
    explained = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}

    assert explained == set(REASONS)


# What follows compares the quick way with the thorough one.

texts = st.one_of(
    st.sampled_from(
        ['"1"', '"web"', '"x\\\\y"', '"\\u0000"', '"\\ud83d\\ude00"', '"é"', '"{}[]\\""']
    ),
    st.text(max_size=5).map(lambda text: msgspec.json.encode(text).decode()),
    st.integers(4090, 4100).map(lambda size: f'"{"x" * size}"'),
)
numbers = st.one_of(
    st.integers(-(2**65), 2**65).map(str),
    st.integers(-5, 105).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["-0", "1e2", "1E-400", "9" * 5000, "1e308", "1e13", "-1e13", "1e999"]),
)
json_values = st.one_of(
    texts, numbers, st.sampled_from(["null", "true", "false", "[]", "{}", "[1]"])
)
keys = st.one_of(
    st.sampled_from(
        ["order.id", "order.items", "order.weight", "order.gift", "order.channel", "order.priority",
         "order.amount", "order.currency", "duration", "loopgauge.original_id"]
    ),
    st.text(max_size=3),
)  # fmt: skip
members = st.tuples(keys, json_values).map(
    lambda pair: f"{msgspec.json.encode(pair[0]).decode()}:{pair[1]}"
)
good_members = st.sampled_from(
    [
        '"order.id":"1"',
        '"order.id":"1","order.items":5',
        '"order.id" : "1" , "order.weight" : 0.5',
        '"order.id":"1","order.channel":"web","order.gift":false',
        '"order.id":"1","order.amount":"9.99","order.currency":"EUR","duration":1',
    ]
)
objects = st.one_of(
    good_members.map(lambda text: "{" + text + "}"),
    st.tuples(good_members, st.lists(members, max_size=3)).map(
        lambda parts: "{" + ",".join([parts[0], *parts[1]]) + "}"
    ),
    st.just("{" + ",".join(f'"a{n}":{n}' for n in range(65)) + "}"),
    st.sampled_from(["{}", "null", "[]", '"x"', "1"]),
)
ids = st.one_of(
    st.integers(0, 9).map(uuid7),
    st.uuids().map(str),
    st.sampled_from(
        [None, "", "x", uuid7().upper(), uuid7()[:-1] + "é", uuid7().replace("-", "_")]
    ),
)
moments = st.one_of(
    st.integers(-(2 * 10**18), 2 * 10**18).map(lambda shift: NOW * 1000 + shift),
    st.integers(-2, 2).map(lambda shift: (NOW + 600 * SECOND + shift) * 1000),
    st.sampled_from(
        [None, 0, "2026-11-21T10:29:00Z", "2026-11-21T10:29:00.1Z", "2026-11-21T10:29:00.123Z",
         "2026-11-21T11:29:00.123456+01:00", "2026-11-21T10:29:00.000000Z",
         "2026-11-21T10:29:61Z", "2026-11-21T10:29:00.12345６Z",
         "2026-11-21 10:29:00.000000Z", "2026-11-21T10:29:00.000000"]
    ),
)  # fmt: skip
sources = st.sampled_from([None, "", "shop", "till-1", "elsewhere", "<b>"])
events = st.builds(
    incoming,
    id=ids,
    name=st.sampled_from(
        ["order.placed", "order.paid", "api.request", "never.heard_of", "bad", None]
    ),
    time=moments,
    attributes=objects.map(str.encode),
    product=sources,
    service=sources,
    environment=st.sampled_from([None, "", "production", "a\nb"]),
    producer=st.sampled_from([None, "", uuid7(5), uuid7(5).upper(), "me"]),
    sequence=st.sampled_from([None, 0, 1, 2**63 - 1, 2**63]),
    flaw=st.sampled_from([None, None, None, ("not_finite", "nan")]),
)
sound = st.builds(incoming, id=st.integers(0, 9).map(uuid7), attributes=objects.map(str.encode))
batches = st.one_of(st.lists(sound, max_size=8), st.lists(st.one_of(sound, events), max_size=8))


def examined(batch: list[Incoming]) -> Admitted:
    """What the thorough way makes of each event."""
    admitted = Admitted()
    examination = Examination(origins(SHOP), Bounds.of(LIMITS, NOW), LIMITS)
    for event in batch:
        examination.examine(event, admitted)
    return admitted


@settings(max_examples=400)
@given(batches)
def test_the_quick_way_and_the_thorough_way_agree(batch: list[Incoming]) -> None:
    batch = [msgspec.structs.replace(event, index=index) for index, event in enumerate(batch)]
    try:
        wanted: object = outcome(examined(batch))
    except Refused as refused:
        wanted = refused.reason
    # Twice: the second time, senders and names are known.
    for _ in range(2):
        try:
            found: object = outcome(admit(batch, SHOP, NOW, LIMITS))
        except Refused as refused:
            found = refused.reason
        assert found == wanted


@pytest.mark.parametrize("form", ["%s.%03dZ", "%s.%06dZ", "%s.%09dZ", "%s.%06d+00:00"])
def test_large_batches_agree_too(form: str) -> None:
    rng = random.Random(3)
    batch = [
        incoming(
            n, time=form % (f"2026-11-{rng.randrange(1, 22):02}T0{rng.randrange(10)}:29:00", n)
        )
        for n in range(500)
    ]

    assert outcome(admit(batch, SHOP, NOW, LIMITS)) == outcome(examined(batch))
    assert len(admit(batch, SHOP, NOW, LIMITS).columns) == 500

    batch[77] = incoming(77, time="2026-11-21T10:60:00.000001Z"[: len(str(batch[0].time))])
    assert outcome(admit(batch, SHOP, NOW, LIMITS)) == outcome(examined(batch))
    assert [event.index for event in admit(batch, SHOP, NOW, LIMITS).rejected] == [77]
