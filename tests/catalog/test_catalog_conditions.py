"""Filters that no event can fulfil, or that all do; each mistake in exact words."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopgauge_catalog.catalog import Attribute
from loopgauge_catalog.checks.conditions import can_hold, must_hold
from loopgauge_catalog.filters import Condition

Edit = Callable[..., list[str]]

MATCHING = "matching: {outcome: failed}"
WHERE = "where: {user.internal: false}"
ALWAYS = (
    "shop.yaml:54:9: every event that has these attributes matches, so the ratio is always 100%; "
    "ask for less, or make where wider"
)
NEVER = (
    "shop.yaml:54:9: no event that fulfils where fulfils matching too, so the ratio is always 0%; "
    "make where wider"
)

# What is wrong: (old, new, old, new, ..., everything that the loader says).
MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "a number beyond the greatest": (
        (MATCHING, "matching: {status: {at_least: 600}}"),
        (
            "shop.yaml:54:20: no event fulfils this condition on status; "
            "it is of type integer, at least 100, at most 599"
        ),
    ),
    "a number below the least": (
        (MATCHING, "matching: {status: {below: 100}}"),
        (
            "shop.yaml:54:20: no event fulfils this condition on status; "
            "it is of type integer, at least 100, at most 599"
        ),
    ),
    "a number between two whole ones": (
        (MATCHING, "matching: {status: {above: 499, below: 500}}"),
        "shop.yaml:54:20: no number fulfils this condition on status; swap the bounds",
    ),
    "a value out of bounds": (
        (MATCHING, "matching: {status: {equals: 200, at_least: 500}}"),
        "shop.yaml:54:20: the conditions on status contradict each other; delete one of them",
    ),
    "a value that is and is not": (
        (MATCHING, "matching: {outcome: {equals: failed, not: failed}}"),
        "shop.yaml:54:20: the conditions on outcome contradict each other; delete one of them",
    ),
    "a list without what is in it": (
        (MATCHING, "matching: {outcome: {in: [failed], not_in: [failed]}}"),
        "shop.yaml:54:20: the conditions on outcome contradict each other; delete one of them",
    ),
    "all that are allowed": ((MATCHING, "matching: {outcome: [ok, failed]}"), ALWAYS),
    "all numbers that can be": ((MATCHING, "matching: {status: {below: 600}}"), ALWAYS),
    "what where asks too": ((WHERE, "where: {outcome: failed}"), ALWAYS),
    "more than where asks": (
        (WHERE, "where: {status: {at_least: 500}}", MATCHING, "matching: {status: {above: 400}}"),
        ALWAYS,
    ),
    "what where leaves out": ((WHERE, "where: {outcome: ok}"), NEVER),
    "numbers that where leaves out": (
        (
            WHERE,
            "where: {status: {below: 500}}",
            MATCHING,
            "matching: {status: {at_least: 500}}",
        ),
        NEVER,
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_filter_that_decides_nothing_refuses_the_catalog(mistake: str, after: Edit) -> None:
    edits, said = MISTAKES[mistake]
    assert after(*edits) == [said]


@pytest.mark.parametrize(
    "edits",
    [
        (MATCHING, "matching: {status: {at_least: 599}}"),
        (MATCHING, "matching: {status: {below: 101}}"),
        (MATCHING, "matching: {status: {above: 498, below: 500}}"),
        (MATCHING, "matching: {status: {not: 499}}"),
        (WHERE, "where: {outcome: [ok, failed]}"),
        (WHERE, "where: {status: {not: 499}}", MATCHING, "matching: {status: {at_least: 500}}"),
        (WHERE, "where: {status: {below: 600}}", MATCHING, "matching: {status: {below: 500}}"),
        (WHERE, "where: {payment: a}", MATCHING, "matching: {payment: [a, b], outcome: failed}",
         "      status: {type", "      payment: {}\n      status: {type"),
    ],
)  # fmt: skip
def test_a_filter_that_decides_something_is_taken(edits: tuple[str, ...], after: Edit) -> None:
    assert after(*edits) == []


def test_a_probe_that_is_always_up_refuses_the_catalog(studio_after: Edit) -> None:
    assert studio_after("up: {outcome: ok}", "up: {outcome: [ok, failed]}") == [
        (
            "studio.yaml:160:9: every event that has these attributes matches, so it is always up; "
            "ask for less, or make where wider"
        )
    ]


# Small enough to try every value.
FROM_1_TO_5 = Attribute(type="integer", minimum=1, maximum=5)
numbers = st.integers(0, 6)
lists = st.lists(numbers, min_size=1, max_size=4).map(tuple)
conditions = st.one_of(
    st.builds(lambda v: Condition(equals=v), numbers),
    st.builds(lambda v: Condition(not_equals=v), numbers),
    st.builds(lambda v: Condition(in_=v), lists),
    st.builds(lambda v: Condition(not_in=v), lists),
    st.builds(lambda a, b: Condition(at_least=a, below=b), numbers, numbers),
    st.builds(lambda a, b: Condition(above=a, at_most=b), numbers, numbers),
)


def _fulfils(value: int, asked: Condition) -> bool:
    return (
        (asked.equals is None or value == asked.equals)
        and (asked.not_equals is None or value != asked.not_equals)
        and (asked.in_ is None or value in asked.in_)
        and (asked.not_in is None or value not in asked.not_in)
        and (asked.at_least is None or value >= asked.at_least)
        and (asked.above is None or value > asked.above)
        and (asked.at_most is None or value <= asked.at_most)
        and (asked.below is None or value < asked.below)
    )


@given(conditions, conditions)
def test_no_filter_is_refused_that_some_value_can_fulfil(one: Condition, two: Condition) -> None:
    both = [v for v in range(1, 6) if _fulfils(v, one) and _fulfils(v, two)]

    assert can_hold(FROM_1_TO_5, one, two) or not both
    if not (one.not_equals or one.not_in or two.not_equals or two.not_in):
        assert can_hold(FROM_1_TO_5, one, two) == bool(both)


@given(conditions, conditions)
def test_what_is_said_to_be_certain_is_so_for_every_value(one: Condition, two: Condition) -> None:
    if must_hold(FROM_1_TO_5, one, given=(two,)):
        assert all(_fulfils(v, one) for v in range(1, 6) if _fulfils(v, two))
