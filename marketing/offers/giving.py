"""Who gets a code. One for each person, however often and by how many it is asked for."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from crm import services as points
from crm.models import LoyaltyProgramme
from marketing.models import CouponCode, Offer
from marketing.offers import codes

BATCH = 5_000
STORE = """
INSERT INTO marketing_couponcode (offer_id, customer_id, code, created_at, expires_at, used_at, amount, campaign_id)
SELECT %(offer)s, wanted.customer_id, wanted.code, %(now)s, %(expires)s, %(used)s, %(amount)s, %(campaign)s
FROM unnest(%(customers)s::bigint[], %(codes)s::text[]) AS wanted (customer_id, code)
JOIN catalog_customer c ON c.id = wanted.customer_id AND c.erased_at IS NULL AND c.merged_into_id IS NULL
ON CONFLICT (offer_id, customer_id) DO NOTHING
RETURNING customer_id, code
"""


def issue(
    offer_id: int, customer_ids: Iterable[int], *, at: datetime, campaign_id: int | None = None
) -> dict[int, str]:  # fmt: skip
    """The code of each of these customers, as it is stored; those who have none yet get one.

    Nobody is in the answer who has none and gets none: while the offer is closed, not begun or over, when its codes or
    its budget are used up, erased and merged customers, and for points while the loyalty programme is off; nor whose
    code was used or has run out, because there is one for each person. Points are booked at once, so such a code
    counts as used, and is told all the same. Of many at once exactly as many succeed as the limits allow.
    """
    wanted = list(dict.fromkeys(customer_ids))
    found: dict[int, str] = {}
    for first in range(0, len(wanted), BATCH):
        part = wanted[first : first + BATCH]
        known = _known(offer_id, part)
        if len(known) < len(part):
            known |= _give(offer_id, part, at, campaign_id)
        over = _over(offer_id, part, at)
        found |= {who: code for who, code in known.items() if who not in over}
    return found


def _known(offer_id: int, customers: Sequence[int]) -> dict[int, str]:
    rows = CouponCode.objects.filter(offer=offer_id, customer__in=customers)
    return dict(rows.values_list("customer_id", "code"))


def _over(offer_id: int, customers: Sequence[int], at: datetime) -> set[int]:
    """Whose code takes nothing off any more."""
    rows = CouponCode.objects.filter(offer=offer_id, customer__in=customers).exclude(offer__kind=Offer.Kind.POINTS)
    rows = rows.filter(Q(used_at__isnull=False) | Q(expires_at__lte=at))
    return set(rows.values_list("customer_id", flat=True))


def has_had(offer_id: int, customer_id: int) -> bool:
    """Whether this customer was given a code of the offer, whatever became of it."""
    return CouponCode.objects.filter(offer=offer_id, customer=customer_id).exists()


@transaction.atomic
def _give(offer_id: int, customers: Sequence[int], at: datetime, campaign_id: int | None) -> dict[int, str]:
    """Whoever gives codes of an offer waits here for the others, so that counters and codes agree."""
    offer = Offer.objects.select_for_update(no_key=True).get(pk=offer_id)
    if not offer.is_open(at):
        return {}
    known = _known(offer_id, customers)
    new = [one for one in customers if one not in known]
    cost = cost_of(offer)
    room = _room(offer, cost)
    if room is not None:
        new = _existing(new)[:room]
    if offer.kind == Offer.Kind.POINTS:
        booked = points.give_offer(customer_ids=new, points=int(offer.value), offer=str(offer.pk))
        new = [one for one in new if one in booked]
    if not new:
        return known
    made = _store(offer, new, at, cost, campaign_id)
    is_spent = offer.kind == Offer.Kind.POINTS
    Offer.objects.filter(pk=offer.pk).update(
        given=F("given") + len(made),
        used=F("used") + (len(made) if is_spent else 0),
        spent=F("spent") + (len(made) * cost if is_spent else 0),
        promised=F("promised") + (0 if is_spent else len(made) * cost),
        updated_at=timezone.now(),
    )
    return known | made


def cost_of(offer: Offer) -> Decimal:
    """The most that one code costs; zero where nobody knows. Points: what they take off an order today."""
    if offer.kind == Offer.Kind.POINTS:
        return (int(offer.value) * LoyaltyProgramme.current().point_value).quantize(Decimal("0.0001"))
    return offer.ceiling


def codes_left(offer: Offer) -> int | None:
    """How many more codes its limits allow. None: as many as are wanted."""
    return _room(offer, cost_of(offer))


def _room(offer: Offer, cost: Decimal) -> int | None:
    """How many more codes there may be. None: as many as are wanted."""
    found = []
    if offer.max_codes is not None:
        found.append(offer.max_codes - offer.given)
    if offer.budget is not None and cost > 0:
        found.append(int((offer.budget - offer.spent - offer.promised) // cost))
    return max(0, min(found)) if found else None


def _existing(customers: Sequence[int]) -> list[int]:
    """In their order, without erased and merged ones, so that these take no place."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM catalog_customer WHERE id = ANY(%s) AND erased_at IS NULL AND merged_into_id IS NULL",
            [list(customers)],
        )
        alive = {row[0] for row in cursor.fetchall()}
    return [one for one in customers if one in alive]


def _store(
    offer: Offer, customers: Sequence[int], at: datetime, cost: Decimal, campaign_id: int | None
) -> dict[int, str]:
    is_spent = offer.kind == Offer.Kind.POINTS
    with connection.cursor() as cursor:
        cursor.execute(
            STORE,
            {
                "offer": offer.pk, "now": at, "expires": None if is_spent else end_of(offer, at),
                "used": at if is_spent else None, "amount": cost if is_spent else None, "campaign": campaign_id,
                "customers": list(customers), "codes": [codes.new() for _one in customers],
            },
        )  # fmt: skip
        return dict(cursor.fetchall())


def end_of(offer: Offer, at: datetime) -> datetime | None:
    """When a code that is given at this moment is over."""
    ends = [offer.ends_at] if offer.ends_at is not None else []
    if offer.valid_days is not None:
        ends.append(at + timedelta(days=offer.valid_days))
    return min(ends, default=None)
