"""A merchant's brand on its customers' pages, and on nobody else's."""

from collections.abc import Callable
from typing import Any

from dues.db.database import Database
from dues.domain.brands import read_logo
from dues.tenants.brands.store import delete_brand, save_colour, save_logo
from tests.conftest import Ask, Merchant
from tests.domain.test_brands import png
from tests.resources.checkouts.test_the_customers_page import owing, visiting
from tests.resources.payment_links.visiting import Visitor, new_link


def page_of(merchant: Merchant) -> Visitor:
    """Somebody with a link of a merchant's."""
    caller = merchant.caller("test")
    customer, _ = owing(caller, (1_000, 3))
    return visiting(caller, new_link(caller, customer=customer["id"])["url"])


def test_a_page_has_its_merchants_colour_and_logo_and_no_other_page_has(
    merchant: Merchant, new_merchant: Callable[[], Merchant], ask: Ask[Any]
) -> None:
    picture = png()

    async def brand(database: Database) -> None:
        async with database.transaction() as tx:
            await save_colour(tx, merchant.id, "#ffd84d")
            await save_logo(tx, merchant.id, read_logo(picture))
            await tx.commit()

    mine, others = page_of(merchant), page_of(new_merchant())
    assert "brand.css" not in mine.look().html
    for below in ("/brand.css", "/logo"):
        assert mine.http.get(mine.url + below).status_code == 404
    ask(brand)

    page = mine.look()
    assert f'href="../{mine.url.removeprefix("/")}/brand.css"' in page.html
    assert 'width="120" height="48" class="logo"' in page.html
    style = mine.http.get(mine.url + "/brand.css")
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "--accent: #ffd84d" in style.text.split("dark")[1]
    assert "--accent: #ffd84d" not in style.text.split("dark")[0]
    logo = mine.http.get(mine.url + "/logo")
    assert (logo.content, logo.headers["content-type"]) == (picture, "image/png")
    assert logo.headers["cache-control"] == style.headers["cache-control"] == "private, max-age=3600"
    assert logo.headers["x-content-type-options"] == "nosniff"
    assert 'class="logo"' in mine.look("/end").html

    assert "brand.css" not in others.look().html
    assert others.http.get(others.url + "/logo").status_code == 404

    async def remove(database: Database) -> None:
        async with database.transaction() as tx:
            await delete_brand(tx, merchant.id)
            await tx.commit()

    ask(remove)
    assert "brand.css" not in mine.look().html
    assert mine.http.get(mine.url + "/logo").status_code == 404


def test_whoever_has_no_link_sees_no_brand(merchant: Merchant) -> None:
    visitor = page_of(merchant)
    for below in ("/brand.css", "/logo"):
        assert visitor.http.get(visitor.url[:-3] + "xyz" + below).status_code == 404
