"""The shape of a file, refused with the exact words: where, what, and what to write instead."""

from collections.abc import Callable

import pytest
from loopgauge_catalog.errors import CatalogError
from loopgauge_catalog.loader import loads

Edit = Callable[..., list[str]]

KPI_FIELDS = (
    "row, title, means, decides, try, environment, labels, each, target, escalate, better, "
    "min_samples, zero_ok, stale_after, notes, alert, assumed, window, event, where, kind, "
    "matching, weight, last_per, split"
)
KINDS = (
    "count, sum, rate, mean, ratio, quantile, latest, duration, conversion, funnel, distinct, "
    "subject_share, per, in_flight, uptime, cost, cost_per, budget, quota, composite, drift, "
    "loss, delta, age"
)

# What is wrong: (old text, new text, everything that the loader says).
MISTAKES: dict[str, tuple[str, str, list[str]]] = {
    "a misspelt field": (
        "window: 1h\n        target: {below: 1%}",
        "windw: 1h\n        target: {below: 1%}",
        [
            "shop.yaml:46:7: 'window' is missing; add for example window: 7d",
            "shop.yaml:55:9: unknown field 'windw'; did you mean 'window'?",
        ],
    ),
    "a field that is like no other": (
        "target: {below: 1%}",
        "treshold: {below: 1%}",
        [f"shop.yaml:56:9: unknown field 'treshold'; known are {KPI_FIELDS}"],
    ),
    "a field of Python that YAML does not have": (
        "team: backend, for: 1h",
        "team: backend, hold: 1h",
        ["shop.yaml:23:50: unknown field 'hold'; known are severity, team, for, burn"],
    ),
    "a misspelt comparator": (
        "target: {below: 1%}",
        "target: {belw: 1%}",
        ["shop.yaml:56:18: unknown field 'belw'; did you mean 'below'?"],
    ),
    "two comparators": (
        "target: {below: 1%}",
        "target: {below: 1%, above: 0%}",
        [
            (
                "shop.yaml:56:9: a target has exactly one of within, at_most, below, under, "
                "at_least, above, equals; this one has below, above, delete all but one"
            )
        ],
    ),
    "an unknown kind": (
        "kind: quantile",
        "kind: quantle",
        ["shop.yaml:58:7: unknown kind 'quantle'; did you mean 'quantile'?"],
    ),
    "a kind that is like no other": (
        "kind: quantile",
        "kind: horoscope",
        [f"shop.yaml:58:7: unknown kind 'horoscope'; write one of {KINDS}"],
    ),
    "no kind": (
        "kind: quantile",
        "means: nothing",
        [f"shop.yaml:58:7: 'latency' has no kind; write kind: and one of {KINDS}"],
    ),
    "a word that is not among a few": (
        "severity: page",
        "severity: pge",
        [
            "shop.yaml:57:27: 'severity' must be page or ticket or info; did you mean 'page'?",
        ],
    ),
    "several mistakes in one line": (
        "rating: {type: number, minimum: 1, maximum: 5, required: true}",
        "rating: {type: nmber, minimum: '1', maximum: 5, requird: true}",
        [
            (
                "shop.yaml:98:22: 'type' must be string or number or integer or boolean or money; "
                "did you mean 'number'?"
            ),
            "shop.yaml:98:38: 'minimum' must be a number",
            "shop.yaml:98:55: unknown field 'requird'; did you mean 'required'?",
        ],
    ),
    "a number out of its range": (
        "quantile: 0.95",
        "quantile: 1",
        ["shop.yaml:64:19: 'quantile' must be less than 1"],
    ),
    "a number as text": (
        "quantile: 0.95",
        "quantile: '0.95'",
        ["shop.yaml:64:19: 'quantile' must be a number"],
    ),
    "a number with a leading zero, which is text": (
        "once_per: order.id",
        "min_samples: 010",
        ["shop.yaml:18:22: 'min_samples' must be a whole number"],
    ),
    "a number where text is needed": (
        "row: S3",
        "row: 3",
        ["shop.yaml:33:14: 'row' must be text; put it in quotes"],
    ),
    "yes where true is needed": (
        "burn: true",
        "burn: yes",
        ["shop.yaml:57:63: 'burn' must be true or false; write true"],
    ),
    "text where a list is needed": (
        "services: [shop-*]",
        "services: shop",
        ["shop.yaml:3:11: 'services' must be a list; write [shop]"],
    ),
    "a list with a wrong member": (
        "labels: [payment.method]",
        "labels: [payment.method, 7]",
        ["shop.yaml:21:34: item 2 of 'labels' must be text; put it in quotes"],
    ),
    "an empty block": (
        "office: {email: office@shop.test, pages_per_week: 0}",
        "office:",
        [
            "shop.yaml:6:10: 'office' is empty and must be a block of fields; its fields are slack, email, pages_per_week"
        ],
    ),
    "a condition that asks nothing": (
        "matching: {outcome: failed}",
        "matching: {outcome: {equals: null}}",
        [
            "shop.yaml:54:20: say what the attribute must be, for example {equals: true}",
        ],
    ),
    "a list of lists in a filter": (
        "matching: {outcome: failed}",
        "matching: {outcome: {in: [[a]]}}",
        ["shop.yaml:54:35: item 1 of 'in' must be true or false or a number or text"],
    ),
    "a bound that is text": (
        "matching: {outcome: failed}",
        "matching: {status: {at_least: '500'}}",
        ["shop.yaml:54:39: 'at_least' must be a number"],
    ),
    "a bound finer than a millionth": (
        "matching: {outcome: failed}",
        "matching: {status: {at_least: 0.0000001}}",
        ["shop.yaml:54:39: 1e-07 is finer than a millionth"],
    ),
    "a bound that no store compares exactly": (
        "matching: {outcome: failed}",
        "matching: {status: 1000000000000000}",
        ["shop.yaml:54:28: 1000000000000000 is too great to be compared exactly"],
    ),
    "an amount that is none": (
        "above: 4.5",
        "above: a lot",
        ["shop.yaml:45:25: 'a lot' is no amount; write 15m, 95%, $3.00 or 4.5"],
    ),
    "an amount finer than a millionth": (
        "above: 4.5",
        "above: 4.0000001",
        ["shop.yaml:45:25: '4.0000001' is finer than a millionth of its unit"],
    ),
    "an amount beyond every sum": (
        "above: 4.5",
        "above: 1e13",
        ["shop.yaml:45:25: '10000000000000.0' is greater than a million million"],
    ),
    "a share that is none": (
        "below: 2s, share: 95%",
        "below: 2s, share: 0.95",
        [
            "shop.yaml:66:36: 0.95 is no share that must fulfil it, which is above 0% and up to 100%; write 95%"
        ],
    ),
    "an unknown unit": (
        "unit: share",
        "unit: shre",
        ["shop.yaml:118:38: unknown unit 'shre'; did you mean 'share'?"],
    ),
    "an unknown time zone": (
        "title: Web shop",
        "title: Web shop\ntimezone: Europe/Berln",
        ["shop.yaml:3:11: 'Europe/Berln' is no IANA time zone; did you mean 'Europe/Berlin'?"],
    ),
    "an interval in words that nobody defined": (
        "expect: 1d",
        "expect: often",
        ["shop.yaml:89:13: 'often' is no duration; write 15m, 24h, 7d or rare"],
    ),
    "a range of rows that goes down": (
        "services: [shop-*]",
        "services: [shop-*]\nrows: [S1-S6, S10-S9]",
        ["shop.yaml:4:15: 'S10-S9' names no rows; write A1, A1-A21 or A22a-d"],
    ),
    "a row without a number": (
        "row: S3",
        "row: Sthree",
        [
            (
                "shop.yaml:33:14: 'Sthree' is no name here: write a letter, a number and perhaps a "
                "part, such as B12a"
            )
        ],
    ),
    "an event without a verb": (
        "event: rating.given",
        "event: Rating",
        [
            (
                "shop.yaml:42:16: 'Rating' is no name here: write noun.verb in small letters, such "
                "as campaign.created"
            )
        ],
    ),
    "a note on a condition that nobody knows": (
        "assumed: [window, target.stretch]",
        "notes: [{when: {abov: 3}, says: Look}]",
        ["shop.yaml:22:18: unknown condition 'abov'; did you mean 'above'?"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_where_it_stands(mistake: str, after: Edit) -> None:
    old, new, said = MISTAKES[mistake]
    assert after(old, new) == said


def test_the_shop_has_nothing_to_complain_about(after: Edit) -> None:
    assert after() == []


def test_all_mistakes_of_a_file_come_at_once_in_the_order_of_its_lines(after: Edit) -> None:
    said = after("row: S8", "row: 8", "window: 7d", "window: 7", "kind: mean", "kind: means")
    assert said == [
        "shop.yaml:19:17: 7 has no unit; write 30s, 15m, 24h or 28d",
        "shop.yaml:38:7: unknown kind 'means'; did you mean 'mean'?",
        "shop.yaml:80:14: 'row' must be text; put it in quotes",
    ]


def test_a_file_that_is_a_list_or_a_word_is_refused() -> None:
    for text in ("- a\n", "hello\n"):
        with pytest.raises(CatalogError) as refused:
            loads(text, "a.yaml")
        assert str(refused.value) == (
            "a.yaml:1:1: a catalog must be a block of fields; its fields are product, title, "
            "timezone, live, services, rows, teams, sprint, currency, currencies, prices, "
            "budgets, tables, events"
        )


def test_a_file_with_next_to_nothing_says_what_is_missing() -> None:
    with pytest.raises(CatalogError) as refused:
        loads("product: shop\n", "a.yaml")
    assert str(refused.value).split("\n") == [
        "a.yaml:1:1: 'title' is missing; add for example title: Orders",
        "a.yaml:1:1: 'tables' is missing; add for example tables: {main: {title: Main, kpis: {…}}}",
    ]


def test_a_long_mistake_is_cut_in_the_message() -> None:
    with pytest.raises(CatalogError) as refused:
        loads(f"{'x' * 5000}: 1\n", "a.yaml")
    assert max(len(line) for line in str(refused.value).split("\n")) < 300


def test_problems_carry_their_path_and_place(shop: str) -> None:
    with pytest.raises(CatalogError) as refused:
        loads(shop.replace("team: backend, for: 5m", "team: nobody, for: 5m"), "shop.yaml")
    (problem,) = refused.value.problems
    assert problem.path == ("tables", "main", "kpis", "errors", "alert", "team")
    assert (problem.file, problem.line, problem.column) == ("shop.yaml", 57, 39)
    assert problem.severity == "error"
