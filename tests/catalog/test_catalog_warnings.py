"""What is odd and not wrong: each oddity is listed in exact words and refuses nothing."""

from collections.abc import Callable

import pytest

Edit = Callable[..., list[str]]

# What is odd: (old text, new text, what the loader says).
WARNINGS: dict[str, tuple[str, str, str]] = {
    "another quantile than is judged": (
        "below: 2s, share: 95%",
        "below: 2s, share: 90%",
        (
            "shop.yaml:66:36: warning: the share of 90% is judged, but quantile 0.95 is shown, so "
            "the number and the state may disagree; write quantile: 0.9"
        ),
    ),
    "a page for a team that takes none": (
        "team: backend, for: 5m",
        "team: office, for: 5m",
        (
            "shop.yaml:57:39: warning: office accepts no pages (pages_per_week: 0), and this is "
            "one; write severity: ticket, or raise pages_per_week"
        ),
    ),
    "a team whose address became a comment": (
        "office: {email: office@shop.test, pages_per_week: 0}",
        "office:\n    slack: #office",
        (
            "shop.yaml:6:3: warning: office has neither slack nor email, so nobody is told; "
            'add slack: "#channel" with the quotes, since # begins a comment'
        ),
    ),
    "a batch that never gets old": (
        "target: {above: 90%}\n        stale_after: 7d",
        "target: {above: 90%}",
        (
            "shop.yaml:83:16: warning: tests.covered comes in batches, whose silence is normal, so "
            "the last value is shown as good for ever; add stale_after"
        ),
    ),
    "a row twice": (
        "row: S3",
        "row: S2",
        (
            "shop.yaml:33:14: warning: row S2 is also shop.turnover; one KPI is one number; "
            "write S2a and S2b"
        ),
    ),
    "a row that the document does not have": (
        "services: [shop-*]",
        "services: [shop-*]\nrows: [S1-S7, S8a-b]",
        "shop.yaml:81:14: warning: the document has no row S8; the document has S8a, S8b",
    ),
    "a share without bounds": (
        "unit: share, minimum: 0, maximum: 1",
        "unit: share",
        (
            "shop.yaml:118:38: warning: coverage is a share that has no maximum, so 87 instead of "
            "0.87 would be believed; add minimum: 0, maximum: 1"
        ),
    ),
    "a share of 100": (
        "unit: share, minimum: 0, maximum: 1",
        "unit: share, minimum: 0, maximum: 100",
        (
            "shop.yaml:118:66: warning: coverage is a share that may be 100, so 87 instead of "
            "0.87 would be believed; write maximum: 1"
        ),
    ),
    "a person that is not marked": (
        "user.id: {personal: true}",
        "user.id: {}",
        (
            "shop.yaml:94:7: warning: user.id names a person and could be shown in a label or a "
            "log; add personal: true"
        ),
    ),
}


@pytest.mark.parametrize("oddity", WARNINGS)
def test_an_oddity_is_listed_and_refuses_nothing(oddity: str, after: Edit) -> None:
    old, new, said = WARNINGS[oddity]
    assert after(old, new) == [said]
