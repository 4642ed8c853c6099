"""Looking up an order: one's own when signed in, else by its number and what only its customer knows.

Whoever is not signed in gives the number and the e-mail address of the customer or the last four digits of their
telephone. A number that nobody has, one of a guest and a wrong proof are answered alike and after the same work, so an
answer never tells whether an order exists. Failures are counted in the database, before the answer is known: five from
one caller or ten for one number in a quarter of an hour end the look-ups, right or wrong, so hundreds at once get no
further than five.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import connection
from django.utils import timezone

from catalog.models import Customer, Order, OrderEvent
from crm.models.assistant import LookupTry

TRIES, TRIES_PER_NUMBER = 5, 10
WINDOW = timedelta(minutes=15)
TAIL = 4
"""Digits of a telephone number that prove enough, with the limits above: a guess is right once in 2,000 callers."""
LONGEST_NUMBER, LONGEST_PROOF = 80, 254
SHOWN = 5
NUMBER = re.compile(
    r"(?<![\w@.-])#?(?=[A-Za-z0-9-]{0,78}\d{3})([A-Za-z0-9][A-Za-z0-9-]{2,78}[A-Za-z0-9])(?![\w@])", re.ASCII
)
MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}", re.ASCII)
DIGITS = re.compile(r"(?<!\d)\+?\d[\d -]{2,18}\d(?!\d)", re.ASCII)


class Outcome(StrEnum):
    FOUND = "found"
    NOT_FOUND = "not_found"
    LOCKED = "locked"


@dataclass(frozen=True)
class OrderFacts:
    """What may be said of an order: nothing of who bought or where it goes. Amounts stay in the account."""

    number: str
    status: str
    placed_at: datetime
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    refunded_at: datetime | None


@dataclass(frozen=True)
class LookUp:
    outcome: Outcome
    orders: tuple[OrderFacts, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What a guest gave: the number of the order and the proof; either may be empty while it is not known yet."""

    number: str = ""
    proof: str = ""

    @property
    def is_whole(self) -> bool:
        return bool(self.number and self.proof)


def read(text: str, before: Asked | None = None) -> Asked:
    """Number and proof as somebody typed them into one message; what the message does not hold comes from `before`.

    A mail address is a proof; of numbers the first is that of the order, and one of four digits or a telephone number
    beside it the proof.
    """
    before = before or Asked()
    mail = MAIL.search(text)
    rest = MAIL.sub(" ", text)
    numbers = [found.group(1) for found in NUMBER.finditer(rest)]
    proof = mail.group() if mail else ""
    number = before.number
    if numbers and not number:
        number = numbers.pop(0)
    if not proof:
        proof = next((one for one in numbers if _digits(one) == re.sub(r"[ -]", "", one)), "")
    return Asked(number[:LONGEST_NUMBER], (proof or before.proof)[:LONGEST_PROOF])


def own(customer: Customer, number: str = "") -> LookUp:
    """Of somebody who is signed in: the order with this number, or the newest ones. Another's is not there."""
    rows = Order.objects.filter(customer=customer).exclude(status=Order.Status.DRAFT)
    if number:
        rows = rows.filter(number=number)
    found = tuple(_facts(row) for row in rows.prefetch_related("events").order_by("-placed_at", "-id")[:SHOWN])
    return LookUp(Outcome.FOUND if found else Outcome.NOT_FOUND, found)


def guest(asked: Asked, *, caller: str) -> LookUp:
    """By number and proof. `caller` is whoever asks, as far as can be told: address and conversation.

    Same queries and same comparisons whether the number is known or not.
    """
    subjects = [(_subject("caller", caller), TRIES), (_subject("number", asked.number.casefold()), TRIES_PER_NUMBER)]
    tried = _count([subject for subject, _limit in subjects])
    order = Order.objects.exclude(status=Order.Status.DRAFT).filter(number=asked.number[:LONGEST_NUMBER])
    row = order.select_related("customer").first()
    is_right = _proves(asked.proof, row.customer if row is not None else None)
    events = list(OrderEvent.objects.filter(order_id=row.pk if row is not None else 0).order_by("occurred_at", "id"))
    if any(tried[subject] > limit for subject, limit in subjects):
        return LookUp(Outcome.LOCKED)
    if row is None or not is_right:
        return LookUp(Outcome.NOT_FOUND)
    _forgive([subject for subject, _limit in subjects])
    return LookUp(Outcome.FOUND, (_facts(row, events),))


def forget_old(now: datetime | None = None) -> int:
    """Counts whose time is over. Returns how many."""
    return LookupTry.objects.filter(since__lt=(now or timezone.now()) - WINDOW).delete()[0]


def _proves(proof: str, customer: Customer | None) -> bool:
    """Compared with something of the same kind where there is no customer, in a time that tells nothing."""
    mail = customer.email.strip().casefold() if customer is not None else ""
    phone = _digits(customer.phone) if customer is not None else ""
    said = proof.strip().casefold()
    digits = _digits(said)
    same_mail = hmac.compare_digest(_keyed(said), _keyed(mail or "nobody"))
    tail = phone[-len(digits) :] if len(digits) >= TAIL and len(phone) >= len(digits) else "nobody"
    same_tail = hmac.compare_digest(_keyed(digits), _keyed(tail))
    return (same_mail and bool(mail)) or (same_tail and "@" not in said and len(digits) >= TAIL)


def _digits(text: str) -> str:
    return "".join(one for one in text if one.isascii() and one.isdigit())


def _facts(order: Order, events: list[OrderEvent] | None = None) -> OrderFacts:
    at: dict[str, datetime] = {}
    for event in events if events is not None else order.events.all():
        at[event.kind] = event.occurred_at
    kinds = OrderEvent.Kind
    return OrderFacts(
        order.number, order.status, order.placed_at, order.paid_at, at.get(kinds.SHIPPED), at.get(kinds.DELIVERED),
        at.get(kinds.CANCELLED), at.get(kinds.REFUNDED),
    )  # fmt: skip


# --- tries ------------------------------------------------------------------------------------------------------------

COUNT = """
INSERT INTO crm_lookuptry AS t (subject, failures, since) SELECT unnest(%(subjects)s::text[]), 1, %(now)s
ON CONFLICT (subject) DO UPDATE SET
    failures = CASE WHEN t.since < %(start)s THEN 1 ELSE t.failures + 1 END,
    since = CASE WHEN t.since < %(start)s THEN %(now)s ELSE t.since END
RETURNING subject, failures
"""
FORGIVE = "UPDATE crm_lookuptry SET failures = greatest(failures - 1, 0) WHERE subject = ANY(%s)"


def _count(subjects: list[str]) -> dict[str, int]:
    """One more try for each, before anything is known of it; in one order, so that two never wait for each other."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"subjects": sorted(subjects), "now": now, "start": now - WINDOW})
        return dict(cursor.fetchall())


def _forgive(subjects: list[str]) -> None:
    """A look-up that was right is no failure; those before it stay, so knowing one order buys no guesses at others."""
    with connection.cursor() as cursor:
        cursor.execute(FORGIVE, [sorted(subjects)])


def _subject(kind: str, value: str) -> str:
    return hashlib.blake2b(_keyed(f"{kind}\x00{value}"), digest_size=32).hexdigest()


def _keyed(text: str) -> bytes:
    return hmac.digest(settings.SECRET_KEY.encode(), text.encode("utf-8", "surrogatepass"), "sha256")
