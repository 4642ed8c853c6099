"""Who of a group may get a campaign, and why the others may not.

The same questions are asked again at the moment of sending (marketing.sending); here they are asked of many at once,
with four statements for each thousand customers, so that a count and a plan say the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from core.experiments import Subject
from core.experiments.placing import place_in_everything
from core.ml.experiments import share_of
from core.shop import current_shop
from marketing import addresses
from marketing.models import (
    AllocatedOffer,
    Campaign,
    Channel,
    MarketingSettings,
    OfferAllocation,
    Recipient,
    Suppression,
)

BATCH = 5_000
Reason = Recipient.Reason
READ = """
SELECT c.id, c.public_id, c.email, c.phone, c.language,
    c.erased_at IS NOT NULL OR c.merged_into_id IS NOT NULL,
    EXISTS (SELECT FROM marketing_restriction r WHERE r.customer_id = c.id),
    {agreed},
    (SELECT count(*) FROM marketing_recipient m WHERE m.customer_id = c.id AND m.state IN ('sending', 'sent', 'unknown')
        AND m.claimed_at > %(since)s AND m.channel <> 'in_site') >= %(cap)s,
    (SELECT v.key FROM catalog_visitor v WHERE v.customer_id = c.id AND v.may_track ORDER BY v.first_seen_at, v.id
        LIMIT 1)
FROM catalog_customer c WHERE c.id = ANY(%(ids)s) ORDER BY c.id
"""

AGREED = """EXISTS (SELECT FROM marketing_consent k WHERE k.customer_id = c.id AND k.purpose = %(purpose)s
        AND k.channel = %(channel)s AND k.state = 'given' AND NOT EXISTS (
            SELECT FROM catalog_customer m JOIN marketing_consent o ON o.customer_id = m.id
            WHERE m.merged_into_id = c.id AND o.purpose = k.purpose AND o.channel = k.channel
                AND o.state = 'withdrawn' AND o.at > k.at))"""
# As marketing.sending.claiming.REFUSED asks it.
NOT_REFUSED = """c.is_personalised AND NOT EXISTS (SELECT FROM marketing_consent k WHERE k.customer_id = c.id
        AND k.purpose = %(purpose)s AND k.channel = %(channel)s AND k.state = 'withdrawn') AND NOT EXISTS (
            SELECT FROM catalog_customer m JOIN marketing_consent o ON o.customer_id = m.id
            WHERE m.merged_into_id = c.id AND o.purpose = %(purpose)s AND o.channel = %(channel)s
                AND o.state = 'withdrawn' AND NOT EXISTS (SELECT FROM marketing_consent k
                    WHERE k.customer_id = c.id AND k.purpose = o.purpose AND k.channel = o.channel
                        AND k.state = 'given' AND k.at >= o.at))"""


class Person(NamedTuple):
    """One customer as a plan needs them. `reason` is empty when the message may go."""

    pk: int
    public_id: str
    language: str
    reason: str


@dataclass(frozen=True)
class Question:
    """What is asked of everybody: purpose and channel, how many messages since when are enough, and, where offers were
    allocated within a budget, in which allocation somebody has to be."""

    purpose: str
    channel: str
    cap: int
    since: datetime
    allocation: int | None = None

    @classmethod
    def of(cls, campaign: Campaign, *, at: datetime | None = None) -> "Question":
        """As the campaign, or else the shop, says."""
        settings = MarketingSettings.current()
        cap = campaign.cap_messages or settings.cap_messages
        days = campaign.cap_days or settings.cap_days
        when = max(at or campaign.planned_for or timezone.now(), timezone.now())
        accepted = OfferAllocation.objects.filter(campaign=campaign.pk, state=OfferAllocation.State.ACCEPTED)
        allocation = accepted.values_list("pk", flat=True).first() if campaign.pk is not None else None
        return cls(campaign.purpose, campaign.channel, cap, when - timedelta(days=days), allocation)


def people(ids: list[int], question: Question) -> list[Person]:
    """These customers with the first reason that holds, in the order in which sending asks. Two to four queries."""
    shop = current_shop()
    values: dict[str, Any] = {
        "ids": ids, "purpose": question.purpose, "channel": question.channel, "cap": question.cap,
        "since": question.since,
    }  # fmt: skip
    with connection.cursor() as cursor:
        is_shown = question.channel == Channel.IN_SITE
        cursor.execute(READ.format(agreed=NOT_REFUSED if is_shown else AGREED), values)
        rows = cursor.fetchall()
    found = []
    hashes: dict[int, str] = {}
    salt, share = shop.holdout_salt.encode(), shop.holdout_percent / 100
    has_suppressed = Suppression.objects.filter(channel=question.channel).exists()
    for pk, public_id, email, phone, language, is_gone, is_restricted, agreed, is_capped, visitor in rows:
        reason = ""
        if is_gone:
            reason = Reason.GONE
        elif is_restricted:
            reason = Reason.RESTRICTED
        elif not agreed:
            reason = Reason.NO_CONSENT
        elif not (address := addresses.pick(question.channel, email=email, phone=phone, public_id=public_id)):
            reason = Reason.NO_ADDRESS
        elif is_capped and question.channel != Channel.IN_SITE:
            reason = Reason.CAPPED
        elif share and _is_held_out(salt, share, visitor, public_id):
            reason = Reason.HOLDOUT
        if not reason and has_suppressed:
            hashes[pk] = addresses.hash_of(question.channel, address)
        found.append(Person(pk, public_id, language, reason))
    if hashes:
        gone = set(
            Suppression.objects.filter(channel=question.channel, address_hash__in=set(hashes.values()))
            .values_list("address_hash", flat=True)
        )  # fmt: skip
        found = [one._replace(reason=Reason.SUPPRESSED) if hashes.get(one.pk) in gone else one for one in found]
    if question.allocation is not None:
        rows = AllocatedOffer.objects.filter(allocation=question.allocation, customer__in=ids)
        having = set(rows.values_list("customer_id", flat=True))
        found = [one if one.reason or one.pk in having else one._replace(reason=Reason.NO_OFFER) for one in found]
    return found


def _is_held_out(salt: bytes, share: float, visitor: str | None, public_id: str) -> bool:
    """In the shop's holdout: where the first browser of this customer is, else by the customer's own number."""
    if visitor:
        placed = place_in_everything(Subject(visitor=visitor))
        if placed is not None:
            return placed.is_control
    return share_of(salt, visitor or public_id) < share


def batches(ids: Iterable[int], size: int = BATCH) -> Iterator[list[int]]:
    """Lists of at most so many."""
    rest = iter(ids)
    while found := list(islice(rest, size)):
        yield found


def count(ids: Iterable[int], question: Question, *, told: Callable[[int], None] = lambda done: None) -> dict[str, int]:
    """How many there are (`all`), may get it (`reachable`), and how many not for each reason. `told` hears how many
    were asked about, after each batch."""
    said: Counter[str] = Counter()
    for batch in batches(ids):
        said.update(one.reason or "reachable" for one in people(batch, question))
        told(said.total())
    return {"all": sum(said.values()), "reachable": said.pop("reachable", 0), **said}
