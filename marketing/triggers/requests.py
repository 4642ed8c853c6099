"""Customers who asked to be told when something is back: one message each, and then the request is gone.

A request is a consent of its own (`Purpose.STOCK`, by e-mail), with the same second step by a link, so the page of
choices and the link in the message take it back. Its message is claimed as all others are: consent, suppression, cap,
quiet hours, and whether there is still something to buy are looked at when it goes.
"""

from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from catalog.models import Customer, Product, Variant
from catalog.services import customer_of_mailbox
from core.components.words import money
from core.exceptions import BadInput, DomainError, NotFound
from core.jobs import guard
from core.mail import send
from core.models import OutgoingMail
from marketing import addresses, links, services
from marketing.messages import Frozen
from marketing.models import (
    Channel,
    Consent,
    ConsentSource,
    ConsentState,
    MarketingSettings,
    Purpose,
    Recipient,
    Restriction,
    StockRequest,
    Suppression,
)

MOST = 50
"""Things that one customer waits for."""
MOST_MAILS = 3
"""Mails in a day that ask one address whether it was them."""
BATCH = 200
KEPT = timedelta(days=180)
ASKING = "stock_confirmation"
AVAILABLE = Q(variant__track_stock=False) | Q(variant__stock__gt=0)
State, Reason = Recipient.State, Recipient.Reason
ON_ITS_WAY = (State.PLANNED, State.SENDING)
AGAIN = Q(recipient__state=State.CANCELLED, recipient__skip_reason=Reason.OVER) | Q(
    recipient__state=State.SKIPPED, recipient__skip_reason=Reason.CAPPED
)
"""Sold out, or enough messages already, when the message was to go: it waits for the next time."""
OVER = Q(recipient__state__in=[State.SENT, State.SKIPPED, State.CANCELLED]) | (
    Q(recipient__state=State.FAILED) & ~Q(recipient__skip_reason=Reason.NOT_HANDED_OVER)
)
"""Told, or never will be. What was perhaps sent, or may be sent again by staff, stays until it is too old."""


def of_customer(customer: Customer) -> QuerySet[StockRequest]:
    """What somebody waits for, the newest first."""
    rows = StockRequest.objects.filter(customer=customer).select_related("variant__product")
    return rows.order_by("-asked_at", "-pk")


def ask(customer: Customer, sku: str, proof: services.Proof) -> StockRequest:
    """Wait for it; asked twice is once. While nobody has shown that the mailbox is theirs, a mail asks for that first.

    Raises NotFound, BadInput, DomainError.
    """
    variant = _sold_out(sku)
    if not addresses.address_of(customer, Channel.EMAIL):
        raise BadInput(_("There is no e-mail address to write to."), code="no_address")
    with transaction.atomic():
        # So that two calls at once do not pass the limit together.
        Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        rows = StockRequest.objects.filter(customer=customer)
        row = rows.filter(variant=variant).select_related("recipient").first()
        if row is None:
            if rows.count() >= MOST:
                raise DomainError(_("You wait for %(most)d things already.") % {"most": MOST}, code="too_many")
            row = StockRequest.objects.create(customer=customer, variant=variant, asked_at=timezone.now())
        elif row.recipient is not None and row.recipient.state not in ON_ITS_WAY:
            row.asked_at, row.recipient = timezone.now(), None
            row.save(update_fields=["asked_at", "recipient"])
        services.tell(customer.pk, [services.Word(Purpose.STOCK, Channel.EMAIL, given=True)], proof)
    return row


def is_confirmed(customer: Customer) -> bool:
    """Whether a message may go: the link in the mail was followed, or nobody has to follow one."""
    said = services.current(customer.pk).get((Purpose.STOCK, Channel.EMAIL))
    return said is not None and said.state == ConsentState.GIVEN


def ask_by_address(address: str, sku: str, language: str) -> None:
    """Somebody who is not signed in: a mail asks whether it was them, and nothing is kept before they say so. Says
    nothing about who is a customer. Raises NotFound, DomainError."""
    variant = _sold_out(sku)
    hashed = addresses.hash_of(Channel.EMAIL, address)
    refused = Suppression.objects.filter(channel=Channel.EMAIL, address_hash=hashed)
    if refused.exclude(reason=Suppression.Reason.UNSUBSCRIBE).exists():
        return
    asked = OutgoingMail.objects.filter(kind=ASKING, to=address, created_at__gt=timezone.now() - timedelta(days=1))
    if asked.count() >= MOST_MAILS:
        return
    link = links.absolute(links.stock_request(variant.sku, address, language))
    context = {"product": variant.product.localised("name", language), "link": link, "days": links.CONFIRM_DAYS}
    send(ASKING, to=address, language=language, context=context)


def confirm(token: str, *, ip: str = "") -> StockRequest | None:
    """The second step of somebody who is not signed in: the customer at this address, a new one if there is none, waits
    from now on. None where nothing can be waited for any more. Raises DomainError for too many."""
    content = links.read_stock_request(token)
    if content is None:
        return None
    proof = services.Proof(ConsentSource.DOUBLE_OPT_IN, details=services.page_proof("stock-request", ip))
    with transaction.atomic():
        try:
            _sold_out(content.sku)
        except (NotFound, DomainError):
            return None
        return ask(customer_of_mailbox(content.address, language=content.language), content.sku, proof)


def take_back(customer: Customer, sku: str) -> bool:
    """No longer wait. False: did not."""
    return bool(services.end_requests(StockRequest.objects.filter(customer=customer, variant__sku=sku)))


def _sold_out(sku: str) -> Variant:
    variant = Variant.objects.select_related("product").filter(sku=sku, product__in=Product.objects.live()).first()
    if variant is None:
        raise NotFound(_("Nothing here has this SKU."))
    if variant.is_available:
        raise DomainError(_("This can be bought now."), code="in_stock")
    return variant


# --- what is back -----------------------------------------------------------------------------------------------------


def tell(*, now: datetime | None = None) -> dict[str, int]:
    """Plan a message for each request whose variant is back. A request and its message change in one transaction, and
    the message has a key, so nobody is told twice however often this runs or dies."""
    moment = now or timezone.now()
    StockRequest.objects.filter(AGAIN).update(recipient=None)
    over = StockRequest.objects.filter(OVER | Q(asked_at__lt=moment - KEPT))
    over.exclude(recipient__state__in=ON_ITS_WAY).delete()
    said: Counter[str] = Counter()
    last = 0
    while True:
        with transaction.atomic():
            guard()
            rows = list(_back().filter(pk__gt=last).select_for_update(of=("self",), skip_locked=True)[:BATCH])
            for row in _below_cap(rows, moment):
                row.rounds += 1
                row.recipient = Recipient.objects.create(
                    customer_id=row.customer_id, key=f"stock:{row.pk}:{row.rounds}", purpose=Purpose.STOCK,
                    channel=Channel.EMAIL, due_at=moment,
                )  # fmt: skip
                row.save(update_fields=["rounds", "recipient"])
                said["stock"] += 1
        if len(rows) < BATCH:
            return dict(said)
        last = rows[-1].pk


def _back() -> QuerySet[StockRequest]:
    """Those that can be bought now, of people who confirmed it and whose data may be used."""
    rows = StockRequest.objects.filter(AVAILABLE, recipient=None, variant__product__in=Product.objects.live())
    rows = rows.filter(customer__erased_at=None, customer__merged_into=None)
    given = Consent.objects.filter(purpose=Purpose.STOCK, channel=Channel.EMAIL, state=ConsentState.GIVEN)
    rows = rows.filter(customer__in=given.values("customer"))
    return rows.exclude(customer__in=Restriction.objects.values("customer")).order_by("pk")


def _below_cap(rows: list[StockRequest], now: datetime) -> list[StockRequest]:
    """Without those who have had enough messages: they wait until one more may go, in place of losing the only one."""
    held = MarketingSettings.current()
    sent = Recipient.objects.filter(
        customer__in=[row.customer_id for row in rows], state__in=Recipient.WENT_OUT,
        claimed_at__gt=now - timedelta(days=held.cap_days),
    ).exclude(channel=Channel.IN_SITE)  # fmt: skip
    waiting = Recipient.objects.filter(
        customer__in=[row.customer_id for row in rows], state=State.PLANNED, purpose=Purpose.STOCK
    )  # fmt: skip
    count: Counter[int] = Counter()
    for known in (sent, waiting):
        count.update(dict(known.order_by().values_list("customer").annotate(Count("pk"))))
    found = []
    for row in rows:
        if count[row.customer_id] < held.cap_messages:
            count[row.customer_id] += 1
            found.append(row)
    return found


# --- the message ------------------------------------------------------------------------------------------------------


def frozen(language: str) -> Frozen:
    """Its words. Filled in, and with the ways out below, as every message (marketing.sending.writing)."""
    with translation.override(language):
        subject = _("%(product)s is back") % {"product": "{{products}}"}
        lines = (
            _("Hello %(name)s,") % {"name": "{{name}}"},
            _("%(product)s can be bought again, for %(price)s, as long as there are some:")
            % {"product": "{{products}}", "price": "{{price_now}}"},
            "{{product_url}}",
            _("You asked to be told, and this is the only message about it."),
        )
    return Frozen(subject, "", "", "{}\n\n{}\n{}\n\n{}\n".format(*lines))


def values(recipient_id: int, language: str) -> dict[str, str] | None:
    """What its fields say. None where nobody waits any more."""
    row = StockRequest.objects.select_related("variant__product").filter(recipient=recipient_id).first()
    if row is None:
        return None
    variant, product = row.variant, row.variant.product
    options = " ".join(map(str, variant.localised_options(language).values()))
    named = product.localised("name", language)
    with translation.override(language):
        if options:
            named = _("%(product)s (%(options)s)") % {"product": named, "options": options}
        price = money(variant.price if variant.price is not None else product.price)
    return {
        "products": named, "price_now": price,
        "product_url": links.absolute(reverse("shop:product", args=[product.public_id])),
    }  # fmt: skip
