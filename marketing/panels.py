"""What is shown about consent and messages on the page of a customer."""

from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from catalog.models import Customer
from core.components import Meaning, pill
from core.panels import MAIN, Panel
from marketing.models import Consent, ConsentState, CouponCode, Recipient
from marketing.offers import words

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


def consent_of_customer(request: HttpRequest, customer: Customer) -> Panel:
    """What the customer agreed to, and the last messages with why one was left out. Two queries."""
    consents = list(Consent.objects.filter(customer=customer).order_by("purpose", "channel"))
    messages = list(Recipient.objects.filter(customer=customer).select_related("campaign").order_by("-id")[:SHOWN])
    return Panel(
        title=_("Consent and messages"),
        template="admin/marketing/panels/customer.html",
        place=MAIN,
        empty="" if consents or messages else _("This customer was never asked, so no message goes out."),
        context={
            "consents": [
                {"purpose": capfirst(one.get_purpose_display()), "channel": capfirst(one.get_channel_display()),
                 "source": capfirst(one.get_source_display()), "at": one.at,
                 "state": pill(MEANINGS[ConsentState(one.state)], one.get_state_display())}
                for one in consents
            ],
            "messages": [
                {"title": str(one.campaign) if one.campaign else capfirst(one.get_purpose_display()),
                 "at": one.sent_at or one.due_at, "reason": capfirst(one.get_skip_reason_display()),
                 "state": pill(MESSAGES[State(one.state)], one.get_state_display())}
                for one in messages
            ],
        },
    )  # fmt: skip


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
