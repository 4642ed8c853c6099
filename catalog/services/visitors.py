"""Browsers: made known, joined to the customer who signs in, and left alone when somebody says no."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import kept, recent
from catalog.buffer import keys, known, stream, writing
from catalog.exceptions import NotFound
from catalog.models import Customer, Visitor

DAYS_PER_MONTH = 30.44
AT_ONCE = 5_000
"""Browsers that are forgotten in one transaction."""

PUT = """
INSERT INTO catalog_visitor (key, customer_id, may_track, expires_at)
VALUES (%(key)s, %(customer)s, coalesce(%(may_track)s, true), %(expires)s)
ON CONFLICT (key) DO UPDATE SET
    customer_id = coalesce(catalog_visitor.customer_id, excluded.customer_id),
    may_track = coalesce(%(may_track)s, catalog_visitor.may_track),
    expires_at = excluded.expires_at
RETURNING id, customer_id, may_track, first_seen_at, (xmax = 0)
"""
ACTS_GONE = "DELETE FROM catalog_interaction WHERE visitor_id = %s AND customer_id IS NULL AND kind <> 'purchase'"


ORDERED = """
INSERT INTO catalog_visitor (key, customer_id, expires_at) VALUES (%(key)s, %(customer)s, %(expires)s)
ON CONFLICT (key) DO UPDATE SET
    customer_id = coalesce(catalog_visitor.customer_id, excluded.customer_id), expires_at = excluded.expires_at
WHERE catalog_visitor.may_track
RETURNING id
"""
BUYS_LESS_TOLD = "UPDATE catalog_order SET visitor_id = NULL WHERE visitor_id = %s"
PURCHASES_LESS_TOLD = "UPDATE catalog_interaction SET visitor_id = NULL WHERE visitor_id = %s AND kind = 'purchase'"


@dataclass(frozen=True, slots=True)
class Seen:
    """A browser as it stands now. `customer_id`: who it belongs to."""

    key: str
    may_track: bool
    customer_id: int | None
    first_seen_at: datetime
    expires_at: datetime
    is_new: bool


def see_visitor(*, key: str = "", may_track: bool | None = None, customer: str | None = None) -> Seen:
    """Make the browser known, or refresh it; one without an id gets one.

    `may_track` False: nothing of it is stored from now on, and what it did without a name is forgotten; orders stay and
    no longer say where they were placed. None leaves it as it is. A browser stays with its first customer. Raises
    NotFound for an unknown customer.
    """
    owner = None
    if customer is not None:
        found = Customer.objects.known_as(customer)
        if found is None:
            raise NotFound(_("No customer has this ID."))
        owner = found.pk
    key = key or secrets.token_urlsafe(16)
    expires = _expiry()
    values = {"key": key, "customer": owner, "may_track": may_track, "expires": expires}
    if may_track is False:
        stream.refuse(key)  # first, so that nothing slips in between
    with transaction.atomic(), connection.cursor() as cursor:
        if may_track is False:
            # Writers of events are past or have not begun: what they write later they check against the row.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [writing.LOCK])
        cursor.execute(PUT, values)
        pk, customer_id, follows, first_seen_at, is_new = cursor.fetchone()
        if may_track is False:
            for statement in (ACTS_GONE, BUYS_LESS_TOLD, PURCHASES_LESS_TOLD):
                cursor.execute(statement, [pk])
            kept.forget(cursor, [-pk])
    known.forget_visitor(key)
    if may_track is False:
        recent.forget(key)
    elif follows:
        stream.try_redis(lambda client: client.delete(keys.refuses(key)))
    return Seen(key, follows, customer_id, first_seen_at, expires, is_new)


def visitor_of_order(key: str, customer: Customer | None) -> int | None:
    """Row of the browser in which an order is placed; None when it does not want to be followed.

    It is made known when it is not, and belongs to the buyer from now on when it belongs to nobody.
    """
    values = {"key": key, "customer": customer.pk if customer else None, "expires": _expiry()}
    with connection.cursor() as cursor:
        cursor.execute(ORDERED, values)
        found = cursor.fetchone()
    return found[0] if found else None


def _expiry() -> datetime:
    return timezone.now() + timedelta(days=settings.EVENT_RETENTION_MONTHS * DAYS_PER_MONTH)


def forget_expired_visitors() -> int:
    """Browsers that nobody has seen for as long as events are kept, and that belong to nobody. How many they were."""
    expired = Visitor.objects.filter(expires_at__lt=timezone.now(), customer=None, may_track=True)
    removed, last = 0, 0
    while some := list(expired.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        removed += expired.filter(pk__in=some).delete()[1].get(Visitor._meta.label, 0)
        last = some[-1]
    return removed
