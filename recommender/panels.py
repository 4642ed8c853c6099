"""What the recommender shows on the pages of a product and of a customer."""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import Customer, Product
from core.panels import Panel
from recommender import selectors
from recommender.answers import ITEM


def similar_products(request: HttpRequest, product: Product) -> Panel | None:
    """Products that the same people choose; what customers see beside this one."""
    if not request.user.has_perm("catalog.view_product"):
        return None
    answer = selectors.similar(product=product, limit=6)
    neighbours = [item for item in answer.items if item.source == ITEM]
    return Panel(
        title=_("Chosen by the same customers"),
        template="admin/recommender/panel_items.html",
        context={"answer": answer, "items": neighbours},
        as_of=answer.as_of,
        empty="" if neighbours else _("Not yet: too few people looked at or bought this product."),
    )


def recommended_to_customer(request: HttpRequest, customer: Customer) -> Panel | None:
    """What this customer would be shown on the home page right now."""
    if not request.user.has_perm("catalog.view_customer"):
        return None
    answer = selectors.recommend(customer=customer, limit=6)
    return Panel(
        title=_("Recommended right now"),
        template="admin/recommender/panel_items.html",
        context={"answer": answer, "items": answer.items},
        as_of=answer.as_of,
        url=f"{reverse('admin:recommender_preview')}?{urlencode({'customer': customer.public_id})}",
        url_label=_("Preview as this customer"),
        empty="" if answer.items else _("Nothing can be recommended: no product is live and in stock."),
    )
