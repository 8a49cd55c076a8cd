"""Ids follow time, whoever made them."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopgauge_collector.admission.identity import all_follow_time, follows_time, timely, uuid_text
from loopgauge_collector.admission.reasons import Fault

MILLISECOND = 1000
moments = st.integers(0, 2**48 * MILLISECOND - 1)
words = st.lists(st.text(max_size=8), min_size=1, max_size=4)


@given(moments, words)
def test_an_id_is_a_uuid7_of_its_millisecond(moment: int, parts: list[str]) -> None:
    uuid = UUID(timely(moment, *parts))

    assert (uuid.version, uuid.variant) == (7, "specified in RFC 4122")
    assert uuid.int >> 80 == moment // MILLISECOND
    assert str(uuid) == timely(moment, *parts)


@given(moments, moments, words)
def test_ids_sort_as_their_times_do(first: int, second: int, parts: list[str]) -> None:
    if first // MILLISECOND < second // MILLISECOND:
        assert timely(first, *parts) < timely(second, *parts)


@given(moments, words, words)
def test_other_content_has_another_id_and_the_same_has_the_same(
    moment: int, parts: list[str], others: list[str]
) -> None:
    assert (timely(moment, *parts) == timely(moment, *others)) == (parts == others)


def test_a_million_ids_of_one_millisecond_do_not_meet() -> None:
    assert len({timely(0, str(number)) for number in range(100_000)}) == 100_000


good = moments.map(lambda moment: timely(moment, "x"))
bad = st.one_of(
    st.uuids().map(str),
    good.map(str.upper),
    st.tuples(good, st.integers(0, 35), st.sampled_from("-g é0")).map(
        lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] + 1 :]
    ),
    st.text("0123456789abcdef-", min_size=35, max_size=37),
)


@given(st.one_of(st.lists(good), st.lists(st.one_of(good, bad), max_size=4)))
def test_a_look_at_all_ids_says_what_a_look_at_each_would(ids: list[str]) -> None:
    def is_good(text: str) -> bool:
        try:
            return uuid_text(text) == text and follows_time(text)
        except Fault:
            return False

    assert all_follow_time(ids) == (bool(ids) and all(map(is_good, ids)))


@pytest.mark.parametrize("shift", [1, -1, 2])
def test_ids_that_only_fit_together_are_not_taken(shift: int) -> None:
    first, second = timely(0, "a"), timely(0, "b")
    joined = first + second
    pair = [joined[: 36 + shift], joined[36 + shift :]]

    assert all_follow_time([first, second])
    assert not all_follow_time(pair)
