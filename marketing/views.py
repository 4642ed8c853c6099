"""Pages that customers reach by a link in a message: preferences, confirmation, unsubscribing, and tracked links.

The signed link is the key. None of them asks for a cookie, so there is no session that a foreign form could misuse and
no CSRF token; looking (GET) changes nothing, because mail programs look at links by themselves.
"""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from rest_framework.throttling import BaseThrottle

from catalog.models import Customer, Product
from core.exceptions import DomainError
from core.shop import current_shop
from marketing import links, services
from marketing.models import Channel, Purpose
from marketing.models.consent import ConsentSource
from marketing.sending import events
from marketing.triggers import requests

SHOWN_CHANNELS = (Channel.EMAIL, Channel.SMS)
"""Those that everybody may choose; others are shown to whom they were asked of."""
HELP = {
    Purpose.OFFERS: _("Discounts, coupons and sales."),
    Purpose.NEWS: _("New products and stories from the shop."),
    Purpose.CARE: _("How to use what you bought, birthdays, and help."),
    Purpose.SURVEYS: _("Short questions about your order."),
    Purpose.STOCK: _("One message when something that you asked for can be bought again."),
}


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """RFC 8058: POST takes the consent back at once, without a cookie; GET shows a button and changes nothing."""
    link = links.read_unsubscribe(token)
    if link is None:
        return _page(request, "unknown", status=404)
    done = request.method == "POST"
    if done:
        proof = services.Proof(ConsentSource.UNSUBSCRIBE, details=services.page_proof("unsubscribe", _ip(request)))
        if request.POST.get("all"):
            services.withdraw_all(link.customer_id, link.channel, proof)
        else:
            services.tell(link.customer_id, [services.Word(link.purpose, link.channel, given=False)], proof)
    return _page(
        request, "unsubscribe", customer_id=link.customer_id, done=done, all=bool(request.POST.get("all")),
        purpose=Purpose(link.purpose).label, preferences=links.preferences(link.customer_id),
    )  # fmt: skip


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The second step of agreeing: a button, because programs that scan mails follow links."""
    content = links.read_confirmation(token)
    if content is None:
        return _page(request, "unknown", status=404)
    is_asked = request.method == "POST"
    given = services.confirm(token, ip=_ip(request)) if is_asked else None
    return _page(
        request, "confirm", customer_id=content.customer_id, done=bool(given), is_over=is_asked and not given,
        purposes=[(one.label, HELP[one]) for one in Purpose if one in {asked[0] for asked in content.asked}],
        preferences=links.preferences(content.customer_id),
    )  # fmt: skip


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stock_request(request: HttpRequest, token: str) -> HttpResponse:
    """The second step of somebody who was not signed in and asked to be told when something is back."""
    content = links.read_stock_request(token)
    if content is None:
        return _page(request, "unknown", status=404)
    is_asked, row = request.method == "POST", None
    product = Product.objects.live().filter(variants__sku=content.sku).first()
    if is_asked:
        try:
            row = requests.confirm(token, ip=_ip(request))
        except DomainError as error:
            return _page(request, "stock", spoken=content.language, refusal=str(error))
    return _page(
        request, "stock", customer_id=row.customer_id if row else None, spoken=content.language, done=row is not None,
        is_over=is_asked and row is None, preferences=links.preferences(row.customer_id) if row else "",
        product=product.localised("name", content.language) if product is not None else "",
    )  # fmt: skip


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """What the customer agrees to hear about, by which channel."""
    link = links.read_preferences(token)
    kept_id = services.kept_id_of(link.customer_id) if link is not None else None
    customer = Customer.objects.existing().filter(pk=kept_id).first() if kept_id is not None else None
    if link is None or customer is None:
        return _page(request, "unknown", status=404)
    standing = services.standing(customer.pk)
    asked = {(one["purpose"], one["channel"]) for one in standing if one["since"]}
    channels = [
        one for one in Channel if one != Channel.IN_SITE
        and (one in SHOWN_CHANNELS or any(channel == one for _purpose, channel in asked))
    ]  # fmt: skip
    refused = {one["purpose"] for one in standing if one["channel"] == Channel.IN_SITE and one["state"] == "withdrawn"}
    if request.method == "POST":
        proof = services.Proof(
            ConsentSource.PREFERENCE_PAGE, details=services.page_proof("preferences", _ip(request)),
            is_from_mail=link.is_from_mail,
        )  # fmt: skip
        if request.POST.get("none"):
            for channel in [*channels, Channel.IN_SITE]:
                services.withdraw_all(customer.pk, channel, proof)
        else:
            agreed = set(request.POST.getlist("agreed"))
            words = [
                services.Word(purpose, channel, given=f"{purpose}.{channel}" in agreed)
                for purpose in Purpose
                for channel in channels
            ]
            # What waits for its link has no tick and goes on waiting: another choice says nothing about it.
            given = {(one["purpose"], one["channel"]) for one in standing if one["state"] == "given"}
            words = [one for one in words if one.given or (one.purpose, one.channel) in given]
            services.tell(
                customer.pk, [*words, *_in_shop(refused, is_refused=bool(request.POST.get("not_in_shop")))], proof
            )
        language = request.GET.get("language", "")
        chosen = {"language": language} if language in OTHER else {}
        return HttpResponseRedirect(f"{reverse('preferences', args=[token])}?{urlencode({'saved': 1, **chosen})}")
    said = {(one["purpose"], one["channel"]): one for one in standing}
    rows = [
        {
            "purpose": purpose,
            "title": purpose.label,
            "help": HELP[purpose],
            "channels": [
                {"key": channel, "title": channel.label, "state": said[purpose, channel]["state"]}
                for channel in channels
                if purpose != Purpose.STOCK or channel == Channel.EMAIL
            ],
        }
        for purpose in Purpose
        if purpose != Purpose.STOCK or (purpose, Channel.EMAIL) in asked
    ]
    return _page(
        request, "preferences", customer_id=customer.pk, rows=rows, saved="saved" in request.GET,
        is_refused_in_shop=bool(refused),
        masked=_masked(customer.email),
    )  # fmt: skip


def _in_shop(refused: set[str], *, is_refused: bool) -> list[services.Word]:
    """What is shown in the shop itself is asked the other way round: a tick is a no, to every purpose."""
    if is_refused:
        left = [purpose for purpose in Purpose if purpose not in refused and purpose != Purpose.STOCK]
        return [services.Word(purpose, Channel.IN_SITE, given=False) for purpose in left]
    return [services.Word(purpose, Channel.IN_SITE, given=True) for purpose in sorted(refused)]


@never_cache
@require_safe
def click(request: HttpRequest, token: str) -> HttpResponse:
    """Count the click and lead on to the address that stands in the table. A foreign or damaged token is 404."""
    content = links.read_click(token)
    address = events.clicked(*content) if content is not None else None
    if address is None:
        return _page(request, "unknown", status=404)
    response = HttpResponse(status=302)
    response["Location"] = address
    response["Referrer-Policy"] = "no-referrer"
    return response


def _page(
    request: HttpRequest, name: str, *, customer_id: int | None = None, status: int = 200, spoken: str = "",
    **context: Any,
) -> HttpResponse:  # fmt: skip
    language = _language(request, customer_id, spoken)
    with translation.override(language):
        context |= {"shop_name": current_shop().name, "language": language, "other": OTHER[language]}
        response = TemplateResponse(request, f"marketing/public/{name}.html", context, status=status)
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response.render()


OTHER = {"en": ("zh-hans", "中文"), "zh-hans": ("en", "English")}


def _language(request: HttpRequest, customer_id: int | None, spoken: str = "") -> str:
    """As the page's link says, else the customer's, else what they spoke in when they asked, else the browser's."""
    wanted = request.GET.get("language", "")
    if wanted in OTHER:
        return wanted
    customer = Customer.objects.filter(pk=customer_id).first() if customer_id is not None else None
    if customer is not None:
        return services.language_of(customer)
    if spoken in OTHER:
        return spoken
    return "zh-hans" if str(translation.get_language_from_request(request)).startswith("zh") else "en"


def _masked(address: str) -> str:
    name, at, host = address.partition("@")
    return f"{name[:1]}…{at}{host}" if at else ""


def _ip(request: HttpRequest) -> str:
    """The address as the API counts it, behind as many proxies as the settings name."""
    return str(BaseThrottle().get_ident(request) or "")  # type: ignore[arg-type]
