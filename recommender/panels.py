"""What the recommender shows on the pages of a product and of a customer."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import Customer, Product
from catalog.showcase import Card, showcase
from core.components import figure, money, percent
from core.panels import Panel
from recommender import profile, selectors
from recommender.answers import ITEM
from recommender.models import RecommendationList


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


@dataclass(frozen=True)
class ForMail:
    """A list written ahead, as it may be mailed now: `cards` are those still for sale, in its order."""

    row: RecommendationList
    cards: list[Card]

    @property
    def gone(self) -> int:
        """Products of the list that are not for sale any more."""
        return len(self.row.product_ids) - len(self.cards)


def _for_mail(row: RecommendationList) -> ForMail:
    cards = showcase.cards(showcase.sellable_among(row.product_ids))
    return ForMail(row, [cards[pk] for pk in row.product_ids if pk in cards])


def interests_of_customer(request: HttpRequest, customer: Customer) -> Panel:
    """Categories, brands, colours and prices, from what the customer did lately."""
    who = profile.of_customer(customer)
    found = profile.interests(who)
    rows: list[tuple[Any, Any]] = [
        (title, " · ".join(f"{name} {percent(share, found.acts)}" for name, share in named))
        for title, named in (
            (_("Categories"), [(one.name, one.share) for one in found.categories]),
            (_("Brands"), [(one.name, one.share) for one in found.brands]),
            (_("Colours"), found.colours),
        )
        if named
    ]
    if found.prices is not None:
        rows.append((_("Prices"), f"{money(found.prices[0])} – {money(found.prices[1])}"))
    if found.acts:
        rows.append(
            (_("From"), ngettext("%(count)s act", "%(count)s acts", found.acts) % {"count": figure(found.acts)})
        )
    refused = _("This customer refused personalisation: nothing is learned.")
    nothing = _("Nothing yet: interests come from what the customer views, puts into the cart and buys.")
    empty = "" if rows else nothing if customer.is_personalised else refused
    return Panel(title=_("Interests"), context={"rows": rows}, empty=empty)


def recommended_to_customer(request: HttpRequest, customer: Customer) -> Panel | None:
    """What this customer would be shown on the home page right now."""
    if not request.user.has_perm("catalog.view_customer"):
        return None
    answer = selectors.recommend(customer=customer, limit=6)
    ahead = RecommendationList.objects.select_related("model_version").filter(customer=customer).first()
    return Panel(
        title=_("Recommended right now"),
        template="admin/recommender/panel_items.html",
        context={"answer": answer, "items": answer.items, "customer": customer, "mail": ahead and _for_mail(ahead)},
        as_of=answer.as_of,
        url=f"{reverse('admin:recommender_preview')}?{urlencode({'customer': customer.public_id})}",
        url_label=_("Preview as this customer"),
        empty="" if answer.items else _("Nothing can be recommended: no product is live and in stock."),
    )
