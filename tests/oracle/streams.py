"""Hypothesis strategies: what three products might send to one kind, and how it might arrive."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.oracle.engine import read_file
from tests.oracle.events import DAY, HEARTBEAT, HOUR, MINUTE, SECOND, Event, moment, uuid7

NOON = moment("2026-11-18 12:00")

#: Kind -> its small catalog, without the product's name and zone.
FILES = {path.stem: path.read_text() for path in (Path(__file__).parent / "files").glob("*.yaml")}
_ZONES = {"shop": "UTC", "store": "Asia/Kathmandu", "stand": "America/Havana"}


def products(kind: str) -> list[str]:
    """The kind's catalog for three products that share all names."""
    return [
        f"product: {name}\ntitle: {name.title()}\ntimezone: {zone}\n{FILES[kind]}"
        for name, zone in _ZONES.items()
    ]


#: Distances that lie on and beside every grid, limit and bound of the catalogs.
_STEPS = st.sampled_from(
    [0, 0, 0, 1, SECOND // 2, SECOND, SECOND + 1, 59 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE,
     15 * MINUTE + 1, 30 * MINUTE, 30 * MINUTE + SECOND, HOUR, 90 * MINUTE, 2 * HOUR, DAY]
)  # fmt: skip
_AGES = st.sampled_from(
    [0, SECOND, MINUTE, 14 * MINUTE, 15 * MINUTE, 59 * MINUTE, HOUR, 100 * MINUTE, 2 * HOUR, 23 * HOUR,
     DAY, 25 * HOUR, 26 * HOUR, 2 * DAY, 6 * DAY, 7 * DAY, 8 * DAY, 10 * DAY, 14 * DAY, 18 * DAY,
     27 * DAY, 28 * DAY, 30 * DAY, 42 * DAY, 89 * DAY, 90 * DAY, 91 * DAY, 100 * DAY, -MINUTE,
     -9 * MINUTE]
) | st.integers(0, 3 * HOUR) | st.integers(0, 50 * DAY)  # fmt: skip

_MISSING = object()
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "job.id": st.sampled_from(["j1", "j1", "j1", "j2", "j2", "j3", 7, None, _MISSING]),
    "plan": st.sampled_from(["a", "a", "b", "b", "c", "d", "x", "", "__other__", 7, _MISSING]),
    "ok": st.sampled_from([True, True, True, False, False, "true", None, _MISSING]),
    "reason": st.sampled_from(["withdrawn", "withdrawn", "sold", 1, _MISSING]),
    "size": st.sampled_from([0, 1, 1, 2, 5, 0.5, 0.1, 30, "5", True, None, _MISSING]),
    "found": st.sampled_from([0, 0, 1, 2, 3.5, "1", _MISSING]),
    "number": st.sampled_from([0, 1, 1, 2, 10, "1", _MISSING]),
    "score": st.sampled_from([-5, 0, 0.3, 1, 1, 2, 2.5, 9.99, 10, 11, "5", _MISSING]),
    # As many as have a series of their own: distributions are never mixed in `__other__`.
    "version": st.sampled_from(["v1", "v1", "v2", _MISSING]),
    "provider": st.sampled_from(["voices", "voices", "farm", "cloud", _MISSING]),
    "operation": st.sampled_from(["sing", "render", "rest", _MISSING]),
    "model": st.sampled_from(["tenor", "tenor", "bass", _MISSING]),
    "cost.kind": st.sampled_from(["render", "render", "other", _MISSING]),
    "cost.quantity": st.sampled_from([0, 1, 7, 33, 0.1234567, 1000, _MISSING, _MISSING]),
    "cost.unit": st.sampled_from(["second", "second", "frame", "egg", _MISSING]),
    "cost.amount": st.sampled_from(
        [_MISSING, _MISSING, _MISSING, "1.25", "0.000001", "3", 1_250_000]
    ),
    "cost.currency": st.sampled_from([_MISSING, _MISSING, "USD", "EUR", "GBP", "CHF"]),
    "user.internal": st.sampled_from([_MISSING] * 9 + [False, True, "true"]),
}


def _wanted(kind: str) -> list[tuple[str, list[str]]]:
    """The names that feed a kind, the rarer ones less often, and what they carry."""
    declared = read_file(products(kind)[0])["events"]
    wanted = [(name, [*event.get("attributes", {})]) for name, event in declared.items()]
    often = [each for each in wanted for _ in range(4 if each is wanted[0] else 3)]
    return [*often, (HEARTBEAT, ["loop.sequence.high"]), ("job.closed", ["job.id"])]


@st.composite
def _event(
    draw: st.DrawFn, wanted: list[tuple[str, list[str]]], times: st.SearchStrategy[int]
) -> Event:
    name, carried = draw(st.sampled_from(wanted))
    attributes = {key: draw(_VALUES[key]) for key in carried if key in _VALUES}
    if name == HEARTBEAT:
        attributes["loop.sequence.high"] = draw(st.integers(0, 9))
    else:
        attributes["user.internal"] = draw(_VALUES["user.internal"])
    return Event(
        name,
        draw(times),
        {key: value for key, value in attributes.items() if value is not _MISSING},
        product=draw(st.sampled_from(["shop"] * 8 + ["store", "store", "stand", ""])),
        service=draw(st.sampled_from(["web", "web", "worker"])),
        environment=draw(st.sampled_from([None] * 6 + ["production", "production", "staging"])),
        producer=draw(st.sampled_from([None, "p1", "p1", "p2"])),
        sequence=None if name == HEARTBEAT else draw(st.none() | st.integers(1, 9)),
    )


@dataclass(frozen=True)
class Stream:
    """Events in the order of arrival, and what happens after each.

    Attributes:
        events: an event that stands twice is sent twice.
        then: what happens after the event of the same place: 0 the next one joins its commit,
            1 commit, 2 commit and fold, 3 commit, fold and merge, 4 the same and upkeep.
        chunk: events of one fold or step of a rebuild, about.
        now: the clock at the end.
        moments: what is asked about at the end.
    """

    events: tuple[Event, ...]
    then: tuple[int, ...]
    chunk: int
    now: int
    moments: tuple[int, ...]


@st.composite
def streams(draw: st.DrawFn, kind: str, most: int = 30) -> Stream:
    """A random stream for a kind."""
    pool = draw(st.lists(_AGES.map(lambda age: NOON - age), min_size=1, max_size=4))
    times = st.builds(lambda a, b: a + b, st.sampled_from(pool), _STEPS)
    wanted = _wanted(kind)
    # Lists of a drawn size: left alone, Hypothesis makes them of five or so.
    size = draw(st.integers(0, most))
    events = draw(st.lists(_event(wanted, times), min_size=size, max_size=size))
    numbers = draw(st.permutations(range(len(events))))
    known = [
        Event(**{**vars(event), "id": uuid7(event.time, number)})
        for event, number in zip(events, numbers, strict=True)
    ]
    if known:
        known += draw(st.lists(st.sampled_from(known), max_size=4))
    arriving = draw(st.permutations(known))
    steps = st.sampled_from([0, 0, 1, 2, 2, 2, 3] * 3 + [4])
    then = draw(st.lists(steps, min_size=len(arriving), max_size=len(arriving)))
    asked = st.builds(lambda a, b: a + b, st.sampled_from(pool), _STEPS)
    now = NOON + draw(st.sampled_from([0, 0, 1, SECOND // 2, MINUTE, 9 * MINUTE, HOUR]))
    moments = draw(st.lists(asked, max_size=3))
    return Stream(
        tuple(arriving),
        tuple(then),
        chunk=draw(st.sampled_from([1, 3, 1000])),
        now=now,
        moments=tuple(min(at, now) for at in moments),
    )
