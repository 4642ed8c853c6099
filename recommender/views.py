"""Preview: what a customer, or a visitor with a typed basket, would be shown right now, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from catalog.models import Customer, Product
from catalog.selectors import product_cards
from core import model_registry as registry
from recommender import selectors
from recommender.choices import RECOMMENDER

CHOICES = 8
LIMIT = 12


def preview(request: HttpRequest) -> HttpResponse:
    """`?customer=<id or words>&basket=<SKU, SKU>&product=<SKU or ID>`; the address bar carries the whole state."""
    sees_customers = request.user.has_perm("catalog.view_customer")
    words = request.GET.get("customer", "").strip() if sees_customers else ""
    customer, candidates = _find_customer(words) if sees_customers else (None, [])
    basket, unknown = _find_products(request.GET.get("basket", ""))
    pages, unknown_page = _find_products(request.GET.get("product", ""))
    answer = selectors.recommend(
        placement="preview", customer=customer, basket=[p.pk for p in basket],
        page_product_id=pages[0].pk if pages else None, limit=LIMIT,
    )  # fmt: skip
    acts = [act for act in answer.history if act.kind not in ("basket", "page")]
    cards = product_cards({act.product_id for act in acts[:10]}, language=None)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Preview recommendations"),
        "subtitle": str(customer) if customer else None,
        "words": words,
        "customer": customer,
        "candidates": candidates,
        "basket": basket,
        "page_product": pages[0] if pages else None,
        "unknown": unknown + unknown_page,
        "answer": answer,
        "acts": [(act, cards.get(act.product_id)) for act in acts[:10] if act.product_id in cards],
        "load_error": registry.load_error(RECOMMENDER),
        "may_see_customers": sees_customers,
    }
    return render(request, "admin/recommender/preview.html", context)


@dataclass(frozen=True)
class Asked:
    """For whom something is tried; `unknown` are words that fit no product, `nobody` those that fit no customer or
    several: `candidates`."""

    customer: Customer | None
    basket: list[Product]
    page: Product | None
    unknown: list[str]
    nobody: str = ""
    candidates: Sequence[Customer] = ()


def asked_for(data: Mapping[str, str], *, with_customers: bool) -> Asked:
    """`try_customer`, `try_basket` and `try_product` of a form."""
    words = data.get("try_customer", "").strip() if with_customers else ""
    customer, candidates = _find_customer(words) if words else (None, [])
    basket, unknown = _find_products(data.get("try_basket", ""))
    pages, unknown_page = _find_products(data.get("try_product", ""))
    nobody = words if customer is None else ""
    return Asked(customer, basket, pages[0] if pages else None, [*unknown, *unknown_page], nobody, candidates)


def _find_customer(words: str) -> tuple[Customer | None, list[Customer]]:
    """The customer with this id, or the first few whose name or number fits."""
    if not words:
        busiest = Customer.objects.existing().filter(orders__isnull=False).order_by("-orders__placed_at")[: CHOICES * 6]
        return None, list(dict.fromkeys(busiest))[:CHOICES]
    exact = Customer.objects.existing().filter(Q(public_id=words) | Q(external_id=words.removeprefix("ext:"))).first()
    if exact is not None:
        return exact, []
    found = list(Customer.objects.existing().filter(name__icontains=words).order_by("-joined_at")[:CHOICES])
    return (found[0], []) if len(found) == 1 else (None, found)


def _find_products(words: str) -> tuple[list[Product], list[str]]:
    """Products by SKU, public id or the shop's own id, separated by commas; second, the words that fit none."""
    found: list[Product] = []
    unknown: list[str] = []
    for word in [w.strip() for w in words.split(",") if w.strip()][:20]:
        fits = Q(variants__sku=word) | Q(external_id=word.removeprefix("ext:")) | Q(public_id=word)
        product = Product.objects.existing().filter(fits).first()
        if product is None:
            unknown.append(word)
        elif product not in found:
            found.append(product)
    return found, unknown
