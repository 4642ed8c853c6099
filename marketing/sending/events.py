"""What providers and clicks say about messages. In any order, and as often as they like.

A report is a row under the provider's own number for it, so that twice is once. It finds its message by the Message-ID,
which is committed before the provider hears of the message; should it not be there (another database was restored), the
row waits for it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from catalog.buffer.known import Remembered
from marketing import addresses
from marketing.models import MessageEvent, Recipient, Suppression, TrackedLink
from marketing.models.consent import ConsentSource
from marketing.sending import breakers, leading
from marketing.services import consent

APPLIED = "applied"
Kind, State = MessageEvent.Kind, Recipient.State
FOLLOWED = """
INSERT INTO marketing_messageevent (recipient_id, message_id, provider, provider_event, kind, at, received_at, raw)
SELECT r.id, '', 'click', %s, %s, now(), now(), %s::jsonb FROM marketing_recipient r
WHERE r.id = %s AND set_config('synchronous_commit', 'off', true) IS NOT NULL
ON CONFLICT DO NOTHING
"""
"""One statement, because somebody waits for the page; and it does not wait for the disk: when PostgreSQL itself dies,
clicks of the last half second are lost."""
_addresses: Remembered[str] = Remembered()
"""Addresses of links, which never change, by number: for half a minute."""
PROVES = (Kind.DELIVERED, Kind.OPENED, Kind.CLICKED, Kind.BOUNCED, Kind.COMPLAINED, Kind.UNSUBSCRIBED)
"""Whoever reports one of these has had the message."""
UNKNOWN_DAYS = 30
"""So long a report waits for a message that nobody knows."""


def report(
    provider: str, number: str, kind: str, *, message_id: str, at: datetime, raw: Mapping[str, Any] | None = None,
) -> bool:  # fmt: skip
    """Take one report. `raw` holds codes of the provider, nothing personal; `raw["is_final"]` false makes a bounce one
    that may pass. False: it was known already."""
    recipient = Recipient.objects.filter(message_id=message_id).first()
    event = MessageEvent(
        recipient=recipient, message_id=message_id[:120], provider=provider[:40], provider_event=number[:200],
        kind=kind, at=min(at, timezone.now()), raw=dict(raw or {}),
    )  # fmt: skip
    with transaction.atomic():
        MessageEvent.objects.bulk_create([event], ignore_conflicts=True)
        same = MessageEvent.objects.filter(provider=event.provider, provider_event=event.provider_event)
        kept = same.select_for_update(of=("self",)).get()
        if APPLIED in kept.raw:
            return False
        if kept.recipient_id is None:
            return True
        apply(kept)
    if kind in (Kind.BOUNCED, Kind.COMPLAINED) and recipient is not None and recipient.campaign_id is not None:
        breakers.look_at(recipient.campaign_id)
    return True


def apply(event: MessageEvent) -> None:
    """What a report changes, once: its row notes that it was done. The order of reports does not matter, because each
    only adds: sent for sure, suppressed, consent withdrawn."""
    recipient = Recipient.objects.select_related("customer").get(events=event)
    if event.kind in PROVES:
        Recipient.objects.filter(pk=recipient.pk, state__in=[State.UNKNOWN, State.SENDING]).update(
            state=State.SENT, sent_at=event.at, provider=event.provider
        )
    is_final = event.raw.get("is_final", True)
    address = addresses.address_of(recipient.customer, recipient.channel)
    if event.kind == Kind.BOUNCED and is_final and address:
        consent.suppress(recipient.channel, address, Suppression.Reason.BOUNCE)
    if event.kind == Kind.COMPLAINED and address:
        consent.suppress(recipient.channel, address, Suppression.Reason.COMPLAINT)
    if event.kind in (Kind.COMPLAINED, Kind.UNSUBSCRIBED):
        word = consent.Word(recipient.purpose, recipient.channel, given=False)
        consent.tell(recipient.customer_id, [word], consent.Proof(ConsentSource.UNSUBSCRIBE, details={"page": "esp"}))
    event.raw = {**event.raw, APPLIED: True}
    event.save(update_fields=["raw"])


def adopt() -> int:
    """Reports that came before their message: those whose message is known by now. Returns how many. What nobody knows
    after a month is forgotten."""
    count = 0
    long_ago = timezone.now() - timedelta(days=UNKNOWN_DAYS)
    MessageEvent.objects.filter(recipient=None, received_at__lt=long_ago).delete()
    # Other mail of the same account is reported, too, and its reports wait for nobody.
    known = Recipient.objects.filter(message_id=OuterRef("message_id")).values("pk")[:1]
    waiting = MessageEvent.objects.filter(recipient=None).exclude(message_id="").annotate(found=Subquery(known))
    bad: set[int] = set()
    for event in waiting.filter(found__isnull=False).order_by("pk")[:500]:
        with transaction.atomic():
            event.recipient_id = event.found
            event.save(update_fields=["recipient"])
            apply(event)
        if event.kind in (Kind.BOUNCED, Kind.COMPLAINED):
            bad.add(event.found)
        count += 1
    campaigns = Recipient.objects.filter(pk__in=bad, campaign__isnull=False).values_list("campaign", flat=True)
    for campaign_id in campaigns.order_by("campaign").distinct():
        breakers.look_at(campaign_id)
    return count


def clicked(link_id: int, recipient_id: int) -> str | None:
    """Note that a link was followed, once for each recipient and link. Returns where it leads; None when the link is
    gone, or leads where no message may."""
    address = _addresses.get(str(link_id))
    if address is None:
        address = TrackedLink.objects.filter(pk=link_id).values_list("url", flat=True).first()
        if address is None:
            return None
        _addresses.keep(str(link_id), address)
    if not leading.may_lead(address):
        return None
    raw = orjson.dumps({"link": link_id, APPLIED: True}).decode()
    with connection.cursor() as cursor:
        cursor.execute(FOLLOWED, [f"{recipient_id}:{link_id}", Kind.CLICKED.value, raw, recipient_id])
    return address
