"""Label values that a scrape survives, whatever an event carried."""


def clean(value: str) -> str:
    """The value without lone surrogates, which no encoding can carry."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
