"""Two small valid catalogs, and the two questions that most tests ask about a change to it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from loopgauge_catalog.errors import CatalogError
from loopgauge_catalog.loader import loads

# A loaded machine is slow, and that is no fault of what is tested.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

SHOP = (Path(__file__).parent / "shop.yaml").read_text(encoding="utf-8")
STUDIO = (Path(__file__).parent / "studio.yaml").read_text(encoding="utf-8")

Edit = Callable[..., list[str]]


@pytest.fixture
def shop() -> str:
    """The text of a catalog with every simple kind, and nothing to complain about."""
    return SHOP


@pytest.fixture
def after() -> Edit:
    """What the loader says after replacing pieces of the shop's catalog, line by line.

    Called with old, new, old, new, ...; each old text stands in the file exactly once.
    """
    return _edited(SHOP, "shop.yaml")


@pytest.fixture
def studio() -> str:
    """The text of a catalog with the kinds that follow subjects, money and signals."""
    return STUDIO


@pytest.fixture
def studio_after() -> Edit:
    """As `after`, for the studio's catalog."""
    return _edited(STUDIO, "studio.yaml")


def _edited(original: str, name: str) -> Edit:
    def say(*edits: str) -> list[str]:
        text = original
        for old, new in zip(edits[::2], edits[1::2], strict=True):
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
            text = text.replace(old, new)
        try:
            return [str(warning) for warning in loads(text, name).warnings]
        except CatalogError as error:
            return str(error).split("\n")

    return say
