"""The in-site channel: what campaigns show to who is signed in, beside the code of their offer.

Nothing is sent and no text is kept: the words are filled in when somebody looks, from what was approved. Whether they
may be shown is asked each time: the switch of messages is on, the campaign was not paused or cancelled, and the
customer wants to be followed and did not say no.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Customer
from core.exceptions import NotFound
from core.shop import current_shop
from marketing import links
from marketing.messages import OFFER_TAGS, frozen_of, render
from marketing.messages.rendering import Frozen
from marketing.models import (
    AllocatedOffer,
    Campaign,
    Channel,
    ConsentState,
    CouponCode,
    MarketingSettings,
    MessageEvent,
    Occasion,
    OfferAllocation,
    Recipient,
)
from marketing.models.messages import TemplateVersion
from marketing.offers.saying import tags
from marketing.services import current, language_of

SHOWN_STATES = (Campaign.State.RUNNING, Campaign.State.DONE)
MOST = 20
SEEN, CLICKED = "seen", "clicked"
KINDS = {SEEN: MessageEvent.Kind.OPENED, CLICKED: MessageEvent.Kind.CLICKED}


@dataclass(frozen=True)
class Shown:
    """What stands beside a code. `recipient` is the message that is counted."""

    recipient: Recipient
    title: str
    text: str
    is_seen: bool


def shown(customer: Customer, codes: Sequence[CouponCode]) -> dict[int, Shown]:
    """By code, the newest message that shows it. At most seven queries, and one more for each message for an
    occasion; one where no campaign shows anything."""
    by_offer = {one.offer_id: one for one in codes}
    rows = list(_messages(customer)[:MOST]) if by_offer else []
    if not rows or not MarketingSettings.current().is_sending or not customer.is_personalised:
        return {}
    said = current(customer.pk)
    refused = {
        purpose for (purpose, channel), one in said.items()
        if channel == Channel.IN_SITE and one.state == ConsentState.WITHDRAWN
    }  # fmt: skip
    seen = set(
        MessageEvent.objects.filter(recipient__in=rows, kind=MessageEvent.Kind.OPENED).values_list(
            "recipient_id", flat=True
        )
    )
    allocated = _allocated(customer, rows)
    versions = TemplateVersion.objects.in_bulk({one for row in rows if (one := _version_id(row))})
    found: dict[int, Shown] = {}
    for row in rows:
        code = by_offer.get(allocated.get(row.campaign_id or 0) or _offer_id(row) or 0)
        version = versions.get(_version_id(row) or 0)
        if code is None or version is None or row.purpose in refused or code.pk in found:
            continue
        words = _words(row, version, code, customer)
        if words is not None:
            found[code.pk] = Shown(row, *words, is_seen=row.pk in seen)
    return found


def note(customer: Customer, offer_id: str, what: str) -> None:
    """The customer saw what the shop shows with this offer, or followed it; counted once. Raises NotFound where the
    shop shows nothing with it."""
    from marketing.offers.selectors import open_codes
    from marketing.sending import events

    code = open_codes(customer.pk).filter(offer__public_id=offer_id).first()
    message = shown(customer, [code]).get(code.pk) if code is not None else None
    if message is None:
        raise NotFound(_("Nothing here has this ID."))
    row, now = message.recipient, timezone.now()
    for kind in (KINDS[SEEN], KINDS[what]):  # who followed it has seen it
        if kind != KINDS[SEEN] or not message.is_seen:
            events.report("shop", f"{row.pk}:{kind.value}", kind, message_id=row.message_id or "", at=now)


def _messages(customer: Customer):  # type: ignore[no-untyped-def]
    rows = Recipient.objects.filter(customer=customer, channel=Channel.IN_SITE, state=Recipient.State.SENT)
    rows = rows.filter(campaign__state__in=SHOWN_STATES, is_holdout=False)
    return rows.select_related("campaign", "step").order_by("-id")


def _allocated(customer: Customer, rows: Sequence[Recipient]) -> dict[int, int]:
    """By campaign, the offer that an accepted allocation gives this customer."""
    own = AllocatedOffer.objects.filter(
        customer=customer, allocation__campaign__in={row.campaign_id for row in rows},
        allocation__state=OfferAllocation.State.ACCEPTED,
    )  # fmt: skip
    return dict(own.values_list("allocation__campaign_id", "offer_id"))


def _arm(row: Recipient) -> dict[str, object]:
    arms = row.step.arms if row.step is not None else []
    return next((arm for arm in arms if arm.get("key") == row.arm), {})


def _offer_id(row: Recipient) -> int | None:
    own = _arm(row).get("offer")
    return int(str(own)) if own else row.campaign.offer_id if row.campaign is not None else None


def _version_id(row: Recipient) -> int | None:
    own = _arm(row).get("template_version")
    if row.template_version_id is not None:
        return row.template_version_id
    return int(str(own)) if own else row.step.template_version_id if row.step is not None else None


def _words(row: Recipient, version: TemplateVersion, code: CouponCode, customer: Customer) -> tuple[str, str] | None:
    """Title and text in the customer's language, else in one that there is."""
    from marketing.triggers import telling

    wanted = language_of(customer)
    found: tuple[Frozen, str] | None = next(
        ((frozen, one) for one in (wanted, "en", "zh-hans") if (frozen := frozen_of(version, one)) is not None), None
    )
    if found is None:
        return None
    frozen, language = found
    values: dict[str, str] = {
        **dict.fromkeys(OFFER_TAGS, ""), "name": customer.name, "shop": current_shop().name,
        "shop_url": links.absolute("/shop/"), "preferences_url": links.absolute(links.preferences(customer.pk)),
        "unsubscribe_url": links.absolute(links.unsubscribe(customer.pk, row.purpose, row.channel)),
        **dict(tags(code.offer, language, code.code)),  # type: ignore[arg-type]
    }  # fmt: skip
    if row.occasion_id is not None:
        values |= telling.values(Occasion.objects.get(pk=row.occasion_id), language)
    made = render(frozen, values)
    return " ".join(made.subject.split()) or tags(code.offer, language, "")["offer_title"], made.text
