"""What a product is expected to sell, on its page."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.forecasts import stock
from analytics.forecasts.words import METHOD_WORDS, refusal, written
from catalog.figures import shop_clock
from catalog.models import Product
from core.components.words import day_text, figure, percent
from core.panels import Panel


def product_forecast(request: HttpRequest, product: Product) -> Panel | None:
    """Pieces of the next week with their range, and how long the stock lasts."""
    if not request.user.has_perm("analytics.view_dailysales"):
        return None
    row = stock.expected_pieces(product.pk)
    title = _("Expected sales")
    if row is None:
        return Panel(title=title, empty=_("Not yet: the best selling products are forecast every night."))
    if not row.values:
        return Panel(title=title, empty=refusal(row))
    low, high = row.week.get("low"), row.week.get("high")
    rows: list[tuple[Any, Any]] = [(_("Pieces, next 7 days"), written(row, row.week.get("value")))]
    if low is not None:
        span = _("%(low)s to %(high)s") % {"low": written(row, low), "high": written(row, high)}
        rows.append((_("8 of 10 such weeks"), span))
    stocked = stock.stock_of([product.pk]).get(product.pk)
    if stocked is not None:
        left = stock.days_left(stocked, row.values, passed=stock.passed_since(row, shop_clock().today))
        rows.append((_("In stock"), figure(stocked)))
        rows.append((_("Stock lasts"), _lasting(left)))
    rows.append((_("Method"), METHOD_WORDS.get(row.method, row.method)))
    if row.wape is not None:
        rows.append((_("Error of the back-test"), percent(row.wape)))
    rows.append((_("As of"), day_text(row.as_of)))
    query = urlencode({"scope": "product", "id": product.pk, "measure": "items"})
    return Panel(
        title=title, context={"rows": rows}, url=f"{reverse('admin:analytics_forecast')}?{query}",
        url_label=_("Open the forecast"),
    )  # fmt: skip


def _lasting(days: int | None) -> str:
    if days is None:
        return _("more than a year")
    return ngettext("about %(count)d day", "about %(count)d days", days) % {"count": days}
