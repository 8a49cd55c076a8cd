"""What admission learned of good attributes never lets through what a single look would not."""

import itertools
import json
from dataclasses import fields
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopgauge_catalog.catalog import Catalog
from loopgauge_catalog.loader import loads
from loopgauge_collector.admission.admit import admit
from loopgauge_collector.admission.attributes import Limits
from loopgauge_collector.admission.examination import Bounds, Examination
from loopgauge_collector.admission.sources import origins
from loopgauge_collector.errors import Refused
from loopgauge_collector.events import Admitted, EventColumns, Incoming, IncomingColumns
from loopgauge_collector.settings import Settings

LIMITS = Limits.of(Settings.model_validate({"attributes_max": 8}))
NOW = int(datetime(2026, 11, 21, 10, 30, tzinfo=UTC).timestamp()) * 1_000_000
TILL = """
product: till
title: A till
services: [till-*]
tables:
  till:
    title: Till
    kpis:
      revenue:
        {row: T1, title: Revenue, kind: sum, event: sale.made, value: sale.amount, window: 24h}
events:
  sale.made:
    attributes:
      sale.amount: {type: money, unit: eur, minimum: 0, required: true}
      sale.tip: {type: money, unit: eur}
      sale.currency: {}
      sale.id: {}
  sale.void:
    attributes:
      sale.id: {required: true}
      sale.items: {type: integer, minimum: 1, maximum: 100}
      sale.share: {type: number, unit: share, minimum: 0, maximum: 1}
      sale.gift: {type: boolean}
      sale.channel: {allowed: [web, shop]}
"""
PRODUCT = loads(TILL).products["till"]

NAMES = [
    "sale.amount", "sale.tip", "sale.currency", "refund.currency", "sale.id", "sale.items",
    "sale.share", "sale.gift", "sale.channel", "page.url", "é", "", "a\x7fb",
]  # fmt: skip
VALUES = [
    "null", "true", '"EUR"', '"eur"', '"web"', '"1.50"', '"-0.01"', '"1e3"', '"1.5\\n"', "[1]",
    '"999999999999.99"', '"1000000000000"', '"a:b"', '"https://x.y/:z"', '"::"', '"{"', "1e999",
    "420000", "-1", str(9 * 10**18), str(9 * 10**18 + 1), str(-(2**63)), "1.0", "0.5", "1e2", "{}",
]  # fmt: skip
written_names = st.sampled_from(NAMES)
written_values = st.one_of(
    st.sampled_from(VALUES),
    st.integers(-(2**64), 2**64).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text(max_size=4).map(lambda text: msgspec.json.encode(text).decode()),
)
written = st.tuples(written_names, written_values).map(
    lambda pair: f"{msgspec.json.encode(pair[0]).decode()}:{pair[1]}"
)
good = st.sampled_from(
    ['"sale.id":"1"', '"sale.id":"1","page.url":"https://x.y/"', '"sale.id" : "1","sale.items":2',
     '"sale.id":"1","sale.amount":"9.99","sale.currency":"EUR"', '"sale.id":"1","x":null,"y":1']
)  # fmt: skip
objects = st.one_of(
    good.map(lambda text: "{" + text + "}"),
    st.tuples(good, st.lists(written, max_size=2)).map(
        lambda parts: "{" + ",".join([parts[0], *parts[1]]) + "}"
    ),
)
batches = st.lists(
    st.tuples(st.sampled_from(["sale.made", "sale.void", "never.heard_of"]), objects), max_size=12
)


def incoming(index: int, name: str, attributes: str) -> Incoming:
    uuid = f"{NOW // 1000:012x}"
    uuid = f"{uuid[:8]}-{uuid[8:]}-7000-8000-{index:012x}"
    return Incoming(index, uuid, name, NOW * 1000, attributes.encode(), "till", "till-1")


def rows(columns: EventColumns) -> list[tuple[object, ...]]:
    return list(zip(*(getattr(columns, field.name) for field in fields(columns)), strict=True))


def outcome(
    events: list[Incoming] | IncomingColumns, catalog: Catalog, *, carefully: bool = False
) -> object:
    admitted = Admitted()
    try:
        if carefully:
            examination = Examination(origins(catalog), Bounds.of(LIMITS, NOW), LIMITS)
            for event in events:
                examination.examine(event, admitted)
        else:
            admit(events, catalog, NOW, LIMITS, into=admitted)
    except Refused as refused:
        return refused.reason
    rejected = [(event.index, event.reason, event.detail) for event in admitted.rejected]
    return rows(admitted.columns), rejected


@settings(max_examples=400, deadline=None)
@given(st.lists(batches, min_size=1, max_size=3))
def test_attributes_that_were_learned_are_judged_as_a_single_look_would(
    requests: list[list[tuple[str, str]]],
) -> None:
    fresh, careful = Catalog((PRODUCT,)), Catalog((PRODUCT,))
    for request in requests * 2:
        events = [incoming(at, name, text) for at, (name, text) in enumerate(request)]
        assert outcome(events, fresh) == outcome(events, careful, carefully=True)


@pytest.mark.parametrize("name", ["sale.made", "sale.void", "never.heard_of"])
def test_each_value_of_each_attribute_is_judged_as_a_single_look_would(name: str) -> None:
    fresh, careful = Catalog((PRODUCT,)), Catalog((PRODUCT,))
    needed = {"sale.id": '"1"', "sale.amount": '"1"'}
    learned = [
        incoming(at, name, json.dumps({"sale.id": "1", "sale.amount": "1", other: None}))
        for at, other in enumerate(NAMES)
    ]
    outcome(learned, fresh)
    for other, value in itertools.product(NAMES, VALUES):
        members = needed | {other: value}
        text = ",".join(f"{json.dumps(key, ensure_ascii=False)}:{members[key]}" for key in members)
        event = [incoming(0, name, f"{{{text}}}")]
        assert outcome(event, fresh) == outcome(event, careful, carefully=True), text


@settings(max_examples=50, deadline=None)
@given(batches)
def test_columns_and_events_are_admitted_alike(batch: list[tuple[str, str]]) -> None:
    events = [incoming(at, name, text) for at, (name, text) in enumerate(batch)]
    columns = IncomingColumns.of(events)

    assert list(columns) == events
    assert list(columns.select(range(1, len(events)))) == events[1:]
    columns.alike = True
    catalog = Catalog((PRODUCT,))
    wanted = outcome(events, catalog, carefully=True)
    for _ in range(2):
        assert outcome(columns, catalog) == wanted


@pytest.mark.parametrize("name", ["sale.void", "never.heard_of"])
def test_a_key_that_stands_twice_is_found_among_hundreds_of_good_events(name: str) -> None:
    catalog = Catalog((PRODUCT,))
    text = '{"sale.id":"1","page.url":"https://x.y/:z"}'
    events = [incoming(at, name, text) for at in range(300)]
    events[150] = incoming(150, name, '{"sale.id":"1","page.url":"2","page.url":"3"}')

    for _ in range(2):
        admitted = admit(events, catalog, NOW, LIMITS)
        assert [(event.index, event.reason) for event in admitted.rejected] == [
            (150, "duplicate_key")
        ]
        assert len(admitted.columns) == 299


def test_too_many_attributes_are_too_many_after_all_of_their_names_were_learned() -> None:
    catalog = Catalog((PRODUCT,))
    for start in range(0, 200, 5):
        few = ",".join(f'"a{number}":1' for number in range(start, start + 5))
        admitted = admit(
            [incoming(0, "sale.void", f'{{"sale.id":"1",{few}}}')], catalog, NOW, LIMITS
        )
        assert len(admitted.columns) == 1
        many = ",".join(f'"a{number}":1' for number in range(8))
        event = incoming(0, "sale.void", f'{{"sale.id":"1",{many}}}')
        admitted = admit([event], catalog, NOW, LIMITS)
        assert [event.reason for event in admitted.rejected] == ["too_many_attributes"]
