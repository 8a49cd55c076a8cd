"""Windows, labels, graver thresholds and notes of every kind; each mistake in exact words."""

from collections.abc import Callable

import pytest

Edit = Callable[..., list[str]]

# What is wrong: (old text, new text, everything that the loader says).
MISTAKES: dict[str, tuple[str, str, list[str]]] = {
    "a sprint that never begins": (
        "sprint: {starts: 2026-01-05, length: 14d}\n",
        "",
        [
            "studio.yaml:109:17: nothing says when sprints begin; add sprint: {starts: 2026-01-05, length: 14d} to the file"
        ],
    ),
    "a sprint that ends at noon": (
        "length: 14d",
        "length: 36h",
        ["studio.yaml:4:1: a sprint of 36h ends in the middle of a day; write whole days, as 14d"],
    ),
    "a sprint from no day": (
        "starts: 2026-01-05",
        "starts: 2026-02-30",
        ["studio.yaml:4:18: '2026-02-30' is no day of the calendar; write one such as 2026-01-31"],
    ),
    "a day written otherwise": (
        "starts: 2026-01-05",
        "starts: 5.1.2026",
        ["studio.yaml:4:18: '5.1.2026' is no day; write it as 2026-01-31"],
    ),
    "a misspelt period": (
        "window: week",
        "window: weeks",
        ["studio.yaml:93:17: 'weeks' is no window; did you mean 'week'?"],
    ),
    "a quota of a sprint": (
        "limit: 10000\n",
        "limit: 10000\n        window: sprint\n",
        ["studio.yaml:148:17: 'window' must be day or week or month"],
    ),
    "a slot longer than the window": (
        "up: {outcome: ok}",
        "up: {outcome: ok}\n        every: 30d",
        ["studio.yaml:161:16: 30d is longer than the window of 28d; write less"],
    ),
    "a grace longer than the window": (
        "services: [studio-*]\n        window",
        "services: [studio-*]\n        grace: 2d\n        window",
        ["studio.yaml:183:16: 2d is longer than the window of 24h; write less"],
    ),
    "a label of what has no parts": (
        "services: [studio-*]\n        window",
        "labels: [service.name]\n        window",
        ["studio.yaml:182:9: a loss is one number that has no parts; delete labels"],
    ),
    "a label outside its label sets": (
        "labels: [model.version]\n        reference",
        "labels: [genre]\n        reference",
        [
            "studio.yaml:173:18: the label genre is not among per, so nothing is kept for its values; add genre to per, or delete the label"
        ],
    ),
    "a label that the start does not carry": (
        "by: film.id\n        labels: [genre]\n      busiest",
        "by: film.id\n        labels: [reason]\n      busiest",
        [
            "studio.yaml:75:18: film.ordered does not declare the attribute reason; declare it under the event's attributes"
        ],
    ),
    "each of what is no label": (
        "each: [genre]",
        "each: [gendre]",
        [
            "studio.yaml:32:16: gendre is no label of studio.making, so there are no values to judge; did you mean 'genre'?"
        ],
    ),
    "each without a target": (
        "labels: [model.version]\n        split: [genre]\n        window: 7d\n        target: {at_least: 95%}",
        "labels: [model.version]\n        each: [model.version]\n        window: 7d",
        [
            "studio.yaml:249:9: studio.good_enough has no target that could hold for each model.version; add a target, or delete each"
        ],
    ),
    "a label that is split too": (
        "split: [genre]",
        "split: [model.version]",
        ["studio.yaml:249:17: the label model.version is given twice; delete one"],
    ),
    "split where nothing is divided": (
        "labels: [provider, cost.kind]",
        "split: [provider]",
        [
            "studio.yaml:118:9: a cost has no split; delete it; known are row, title, means, decides, try, environment, labels, each, target, escalate, better, min_samples, zero_ok, stale_after, notes, alert, assumed, window, event, where, kind"
        ],
    ),
    "a graver threshold that is softer": (
        "{at_most: 200%}",
        "{at_most: 50%}",
        ["studio.yaml:137:38: 50% is missed no later than 100%; swap them"],
    ),
    "a graver threshold of another kind": (
        "{at_most: 200%}",
        "{at_least: 200%}",
        ["studio.yaml:137:39: at_least is no graver kind of at_most; write at_most"],
    ),
    "a graver alert that is quieter": (
        "alert: {severity: page, team: crew, for: 1h}",
        "alert: {severity: info, team: crew, for: 1h}",
        [
            "studio.yaml:137:63: an info is no louder than the ticket before it; write severity: page"
        ],
    ),
    "a graver team that nobody knows": (
        "alert: {severity: page, team: crew, for: 1h}",
        "alert: {severity: page, team: crw, for: 1h}",
        ["studio.yaml:137:75: no team is called crw; did you mean 'crew'?"],
    ),
    "a graver threshold of other subjects": (
        "{target: {within: 15m, share: 50%}",
        "{target: {within: 30m, share: 80%}",
        [
            "studio.yaml:37:37: what is counted is who is within 15m, so both thresholds are shares of that; write within: 15m and a lower share"
        ],
    ),
    "a graver share that is higher": (
        "{target: {within: 15m, share: 50%}",
        "{target: {within: 15m, share: 90%}",
        ["studio.yaml:37:49: 90% is missed no later than 80%; write a lower share"],
    ),
    "a graver threshold beside nothing": (
        "        target: {at_most: 100%}\n        alert: {severity: ticket, team: crew, for: 1h}\n",
        "",
        [
            "studio.yaml:135:9: studio.budget_left has nothing to escalate: a second threshold needs a target and an alert; add them, or make this the target and alert"
        ],
    ),
    "a note in another unit": (
        "{at_least: 0.1}",
        "{at_least: 10%}",
        ["studio.yaml:177:35: 10% can never be compared here; write a plain number such as 4.5"],
    ),
    "a note on a share of what is one number": (
        "{at_least: 0.1}",
        "{share_above: 3, at_least: 10%}",
        [
            "studio.yaml:177:38: a drift does not count who is within another threshold; write a condition on the number itself"
        ],
    ),
    "a note that says within and not how many": (
        "{share_below: 5m, at_least: 50%}",
        "{share_below: 5m}",
        [
            "studio.yaml:35:18: a note on a share says within what, and how great the share is; write for example {share_below: 5m, at_least: 50%}"
        ],
    ),
    "a note that mixes the two": (
        "{share_below: 5m, at_least: 50%}",
        "{share_below: 50%, at_least: 5m}",
        [
            "studio.yaml:35:38: 50% can never be compared here; write a duration such as 15m",
            "studio.yaml:35:53: 5m can never be compared here; write a percentage such as 95%",
        ],
    ),
    "an equal threshold twice": (
        "{at_most: 200%}",
        "{at_most: 100%}",
        ["studio.yaml:137:38: 100% is missed no later than 100%; delete escalate"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_refuses_the_catalog(mistake: str, studio_after: Edit) -> None:
    old, new, said = MISTAKES[mistake]
    assert studio_after(old, new) == said
