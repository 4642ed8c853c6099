"""The ledger of stock on screen."""

from catalog.panels import product_stock_history
from tests.factories import StockMovementFactory


def test_the_product_page_leads_to_the_movements_of_that_product_alone(client, boss, rf):
    wanted, other = StockMovementFactory.create(), StockMovementFactory.create()
    request = rf.get("/")
    request.user = boss

    page = client.get(product_stock_history(request, wanted.variant.product).url)

    assert page.status_code == 200
    assert wanted.variant.sku in page.content.decode()
    assert other.variant.sku not in page.content.decode()
