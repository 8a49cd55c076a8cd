"""Words that a catalog may not use as names, because SQL means something else by them.

The reserved words of DuckDB 2.0; a test compares them with the installed one.
"""

_WORDS = """
all analyse analyze and any array as asc asymmetric both case cast check collate column
constraint create default deferrable desc describe distinct do else end except false fetch
for foreign from group having in initially intersect into lambda lateral leading limit not
null offset on only or order pivot pivot_longer pivot_wider placing primary qualify
references returning select show some summarize symmetric table then to trailing true
union unique unpivot using variadic when where window with
"""

SQL_WORDS = frozenset(_WORDS.split())
