"""Names that mean something to SQL, and services that two products claim, against oracles."""

import fnmatch
import itertools

import duckdb
from hypothesis import given
from hypothesis import strategies as st
from loopgauge_catalog.checks.together import globs_overlap
from loopgauge_catalog.loader import samples
from loopgauge_catalog.reserved import SQL_WORDS

PATTERNS = st.text("ab*?", max_size=5)


def test_every_reserved_word_of_the_database_is_refused() -> None:
    with duckdb.connect() as database:
        rows = database.execute(
            "select keyword_name from duckdb_keywords() where keyword_category = 'reserved'"
        ).fetchall()
    assert {word for (word,) in rows} == SQL_WORDS


def test_the_names_of_the_shipped_catalogs_need_no_quotes_in_sql() -> None:
    with duckdb.connect() as database:
        for kpi in samples().kpis():
            for name in (kpi.product, kpi.table, kpi.key):
                assert database.execute(f"with {name} as (select 1) from {name}").fetchone() == (1,)


@given(PATTERNS, PATTERNS)
def test_patterns_overlap_when_some_text_matches_both(one: str, other: str) -> None:
    # A text that both match is found among those that are no longer than both together.
    longest = len(one) + len(other)
    texts = (
        "".join(letters)
        for length in range(min(longest, 7) + 1)
        for letters in itertools.product("ab", repeat=length)
    )
    found = any(fnmatch.fnmatchcase(t, one) and fnmatch.fnmatchcase(t, other) for t in texts)
    assert globs_overlap(one, other) == globs_overlap(other, one) == found
