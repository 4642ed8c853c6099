"""What reports show on pages of other things: how a product sold."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.db.models import Max, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.models import ProductDay
from analytics.roles import FIGURES
from catalog.models import Product
from core.components import figure, money, percent
from core.components.words import day_text
from core.panels import Panel

DAYS = 365


def product_sales(request: HttpRequest, product: Product) -> Panel | None:
    """A year of the product in four figures; one query. None for those who may not see what the shop sold."""
    if not request.user.has_perm(FIGURES):
        return None
    since = timezone.localdate() - timedelta(days=DAYS - 1)
    sums = ProductDay.objects.filter(product=product, day__gte=since).aggregate(
        items=Sum("items"), orders=Sum("orders"), gross=Sum("gross"), returned=Sum("returned"),
        refunded=Sum("refunded"), last=Max("day"),
    )  # fmt: skip
    title = _("Sold in 12 months")
    if not sums["items"]:
        return Panel(title=title, empty=_("Nothing in the last 12 months."))
    rows: list[tuple[Any, Any]] = [
        (_("Revenue"), money(sums["gross"] - sums["refunded"])),
        (_("Pieces"), figure(sums["items"])),
        (_("Orders"), figure(sums["orders"])),
        (_("Given back"), percent(float(sums["refunded"] / sums["gross"])) if sums["gross"] else "–"),
        (_("Last sold"), day_text(sums["last"])),
    ]
    own = f"?within=year&q={quote(product.external_id)}" if product.external_id else "?within=year"
    return Panel(
        title=title, context={"rows": rows}, url=f"{reverse('admin:analytics_products')}{own}",
        url_label=_("Among all products"),
    )  # fmt: skip
