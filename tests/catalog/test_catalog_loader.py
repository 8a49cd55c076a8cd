"""Several files at once: folders, clashes between files, and all problems in one answer."""

from pathlib import Path

import pytest
from loopgauge_catalog.errors import CatalogError, Problem
from loopgauge_catalog.loader import load, loads


@pytest.fixture
def folder(tmp_path: Path, shop: str) -> Path:
    """A folder with the shop's catalog in `shop.yaml`."""
    (tmp_path / "shop.yaml").write_text(shop, encoding="utf-8")
    return tmp_path


def refused(*paths: Path) -> list[str]:
    with pytest.raises(CatalogError) as error:
        load(paths)
    return str(error.value).split("\n")


def second(folder: Path, shop: str, *edits: str) -> Path:
    """A second catalog beside the first, which differs by these replacements."""
    text = shop
    for old, new in zip(edits[::2], edits[1::2], strict=True):
        assert text.count(old) == 1
        text = text.replace(old, new)
    path = folder / "second.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_folder_means_its_yaml_files_by_name(folder: Path, shop: str) -> None:
    second(folder, shop, "product: shop\n", "product: books\n", "[shop-*]", "[books-*]")
    (folder / "notes.txt").write_text("not a catalog")
    (folder / "old.yaml.bak").write_text("not: a catalog")
    catalog = load([folder])
    assert list(catalog.products) == ["books", "shop"]
    assert catalog.warnings == ()
    assert catalog.kpi("books.orders") is not None


def test_a_file_that_is_named_twice_is_read_once(folder: Path) -> None:
    assert list(load([folder, folder / "shop.yaml"]).products) == ["shop"]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    gone, empty = tmp_path / "gone.yaml", tmp_path / "empty"
    empty.mkdir()
    assert refused(gone, empty) == [
        f"{empty}: the folder holds no *.yaml file",
        f"{gone}: cannot be read: No such file or directory",
    ]
    assert refused() == ["catalog: no file was named"]


def test_a_path_that_leads_nowhere_is_named(folder: Path) -> None:
    loop = folder / "loop.yaml"
    loop.symlink_to(loop)
    inside = folder / "shop.yaml" / "inside.yaml"
    assert refused(loop, inside) == [
        f"{loop}: cannot be read: Too many levels of symbolic links",
        f"{inside}: cannot be read: Not a directory",
    ]


def test_the_problems_of_all_files_come_at_once(folder: Path, shop: str) -> None:
    (folder / "broken.yaml").write_text("a: [1\n")
    (folder / "empty.yaml").write_text("")
    second(folder, shop, "product: shop\n", "product: books\n", "window: 7d", "windw: 7d")
    said = refused(folder)
    assert [line.removeprefix(f"{folder}/").split(":")[0] for line in said] == [
        "broken.yaml",
        "empty.yaml",
        "second.yaml",
        "second.yaml",
    ]


def test_fifty_problems_are_shown_and_the_others_counted(shop: str) -> None:
    bad = "".join(f"  Team{number}: {{}}\n" for number in range(70))
    with pytest.raises(CatalogError) as error:
        loads(shop.replace("teams:\n", f"teams:\n{bad}"))
    assert len(error.value.problems) == 70
    lines = str(error.value).split("\n")
    assert len(lines) == 51
    assert lines[-1] == "and 20 more"


def test_a_product_in_two_files_is_refused_with_both_places(folder: Path, shop: str) -> None:
    # Its KPIs are not listed one by one.
    path = second(folder, shop)
    assert refused(folder / "shop.yaml", path) == [
        (
            f"{path}:1:10: the product shop is described twice (see {folder}/shop.yaml:1:10); "
            "put its tables into one file"
        )
    ]


def test_metrics_of_two_products_with_one_name_are_refused(folder: Path, shop: str) -> None:
    path = second(
        folder, shop, "product: shop\n", "product: shop_orders\n", "[shop-*]", "[books-*]",
        "      order_rate:\n", "      by_payment_method:\n", "kind: rate\n", "kind: count\n",
    )  # fmt: skip
    assert refused(folder / "shop.yaml", path) == [
        (
            f"{path}:32:7: shop_orders.by_payment_method and shop.orders would both be the metric "
            f"shop_orders_by_payment_method (see {folder}/shop.yaml:11:7); "
            "give one of them another name"
        )
    ]


def test_a_service_that_two_products_claim_is_a_warning(folder: Path, shop: str) -> None:
    path = second(folder, shop, "product: shop\n", "product: books\n", "[shop-*]", "[sh?p-api]")
    catalog = load([folder / "shop.yaml", path])
    assert [str(warning) for warning in catalog.warnings] == [
        (
            f"{path}:3:12: warning: sh?p-api and shop-* of shop match the same services, and "
            "events without a namespace from those belong to no product (see "
            f"{folder}/shop.yaml:3:12); make one of them narrower"
        )
    ]
    assert catalog.product_of("shop-api") is None
    assert catalog.product_of("shop-web") == "shop"


def test_a_problem_without_a_line_names_the_file_only() -> None:
    assert str(Problem("a.yaml", 0, 0, (), "is empty")) == "a.yaml: is empty"
    assert str(Problem("a.yaml", 3, 7, ("x",), "is odd", "x it", "warning")) == (
        "a.yaml:3:7: warning: is odd; x it"
    )
