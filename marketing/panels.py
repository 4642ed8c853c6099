"""What is shown about consent and messages on the page of a customer."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from catalog.models import Customer, Product
from core.components import Meaning, figure, pill, when
from core.models import StaffUser
from core.panels import MAIN, Panel
from marketing import services
from marketing.models import Channel, ConsentEvent, ConsentState, CouponCode, Recipient, Restriction, StockRequest
from marketing.offers import words
from marketing.roles import CONSENT, MESSAGES_SEEN, RESTRICT, UNRESTRICT

MEANINGS = {
    ConsentState.GIVEN: Meaning.GOOD,
    ConsentState.WITHDRAWN: Meaning.STOPPED,
    ConsentState.PENDING: Meaning.WAITING,
}
State = Recipient.State
MESSAGES = {
    State.PLANNED: Meaning.MOVING, State.SENDING: Meaning.MOVING, State.SENT: Meaning.GOOD,
    State.UNKNOWN: Meaning.WAITING,
    State.FAILED: Meaning.STOPPED, State.SKIPPED: Meaning.IDLE, State.CANCELLED: Meaning.IDLE,
}  # fmt: skip
SHOWN = 6
CHANGES_SHOWN, MOST_PROOF = 20, 120


def consent_of_customer(request: HttpRequest, customer: Customer) -> Panel:
    """What the customer agreed to and how each change of it is known, what staff may write down for them, and the last
    messages with why one was left out. Five queries."""
    consents = sorted(services.current(customer.pk).values(), key=lambda one: (one.purpose, one.channel))
    whose = services.records_of(customer.pk)
    changes = list(ConsentEvent.objects.filter(customer__in=whose).order_by("-at", "-id")[:CHANGES_SHOWN])
    messages = list(Recipient.objects.filter(customer=customer).select_related("campaign").order_by("-id")[:SHOWN])
    staff = StaffUser.objects.in_bulk({pk for one in changes if isinstance(pk := one.proof.get("staff"), int)})
    restriction = Restriction.objects.filter(customer=customer).first()
    user = request.user
    sees_messages = user.has_perm(MESSAGES_SEEN)
    may_restrict = user.has_perm(UNRESTRICT if restriction is not None else RESTRICT)
    return Panel(
        title=_("Consent and messages"),
        template="admin/marketing/panels/customer.html",
        place=MAIN,
        context={
            "consents": [
                {"purpose": capfirst(one.get_purpose_display()), "channel": capfirst(one.get_channel_display()),
                 "source": capfirst(one.get_source_display()), "at": one.at, "key": f"{one.purpose}.{one.channel}",
                 "is_open": one.state != ConsentState.WITHDRAWN,
                 "state": pill(MEANINGS[ConsentState(one.state)], one.get_state_display())}
                for one in consents
            ],
            "changes": [
                {"what": f"{capfirst(one.get_purpose_display())} · {capfirst(one.get_channel_display())}",
                 "state": pill(MEANINGS[ConsentState(one.state)], one.get_state_display()), "at": when(one.at),
                 "source": capfirst(one.get_source_display()), "wording": one.wording_version,
                 "proof": _proof(one.proof, staff)}
                for one in changes
            ],
            "messages": [
                {"title": str(one.campaign) if one.campaign else capfirst(one.get_purpose_display()),
                 "at": one.sent_at or one.due_at, "reason": capfirst(one.get_skip_reason_display()),
                 "state": pill(MESSAGES[State(one.state)], one.get_state_display()),
                 "url": reverse("admin:marketing_recipient_change", args=[one.pk]) if sees_messages else ""}
                for one in messages
            ],
            "channels": [
                (str(channel), capfirst(channel.label)) for channel in Channel
                if any(one.channel == channel and one.state != ConsentState.WITHDRAWN for one in consents)
            ],
            "restriction": restriction, "may_restrict": may_restrict, "may_withdraw": user.has_perm(CONSENT),
        },
    )  # fmt: skip


def _proof(proof: Mapping[str, Any], staff: Mapping[int, StaffUser]) -> list[tuple[str, str]]:
    """What stands in a proof, in words. Of an address only its hash is known."""
    names = {
        "page": _("Page"), "import": _("Import"), "confirmed": _("Confirmed by the shop"),
        "staff": _("Written down by"), "ip_hash": _("Hash of the IP address"),
    }  # fmt: skip
    lines = []
    for key, value in proof.items():
        said = (_("Yes") if value else _("No")) if isinstance(value, bool) else value
        if key == "staff":
            said = staff.get(value, "–")
        lines.append((str(names.get(key, key)), str(said)[:MOST_PROOF]))
    return lines


def offers_of_customer(request: HttpRequest, customer: Customer) -> Panel:
    """The last offers and codes of a customer, and what became of them. One query."""
    codes = list(
        CouponCode.objects.filter(customer=customer).select_related("offer", "campaign", "order")
        .order_by("-created_at", "-pk")[:SHOWN]
    )  # fmt: skip
    return Panel(
        title=_("Offers and codes"),
        template="admin/marketing/panels/offers.html",
        place=MAIN,
        empty="" if codes else _("No offer was given to this customer yet."),
        context={
            "codes": [
                {"offer": one.offer.name, "value": words.value(one.offer), "code": words.code(one),
                 "campaign": str(one.campaign or "–"), "ends": one.expires_at, "state": words.code_pill(one),
                 "took": words.took(one), "at": one.created_at}
                for one in codes
            ]
        },
    )  # fmt: skip


def waiting_for_product(request: HttpRequest, product: Product) -> Panel | None:
    """How many wait to be told that a variant is back. None while nobody does."""
    rows = StockRequest.objects.filter(variant__product=product).values_list("variant__sku")
    waiting = rows.annotate(people=Count("pk")).order_by("-people", "variant__sku")[:SHOWN]
    shown = [(sku, figure(people)) for sku, people in waiting]
    if not shown:
        return None
    return Panel(title=_("Wait to be told that it is back"), context={"rows": shown})
