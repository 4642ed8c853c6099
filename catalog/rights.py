"""What the shop's facts contribute to people's rights: who a customer is, what hinders, what is erased."""

import uuid
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Trunc
from django.urls import reverse
from django.utils.translation import gettext_noop

from catalog import recent
from catalog.buffer import stream, writing
from catalog.models import Customer, ImportBatch, Order, Visitor
from core.rights.erasing import clear_quotes, patterns
from core.rights.holdings import Identity
from core.said import NOTHING, Said

ON_THE_WAY = gettext_noop("Order %(number)s is still on its way. The erasure follows by itself when it has arrived.")
TELLING_ID = 5
"""A shorter ID of the shop's own, such as "42", stands in every file and names nobody by itself."""
UNDER_WAY = (Order.Status.PLACED, Order.Status.PAID, Order.Status.PARTLY_SHIPPED, Order.Status.SHIPPED)


class CustomerSubject:
    """Speaks about one customer for core.rights."""

    def exists(self, pk: int) -> bool:
        return Customer.objects.existing().filter(pk=pk).exists()

    def title(self, pk: int) -> str:
        """What staff call the person; a number once nobody may know."""
        found = Customer.objects.filter(pk=pk).first()
        return str(found) if found is not None and found.erased_at is None else f"#{pk}"

    def page(self, pk: int) -> str:
        """Address of the staff page; empty for somebody who was erased."""
        return reverse("admin:catalog_customer_change", args=[pk]) if self.exists(pk) else ""

    def language(self, pk: int) -> str:
        found = Customer.objects.filter(pk=pk).values_list("language", flat=True).first() or ""
        return "zh-hans" if found.startswith("zh") else "en" if found else ""

    def identity(self, pk: int) -> Identity:
        """Name and ways to reach the person, the ids that others know, and the browsers."""
        row = Customer.objects.filter(pk=pk).values_list("name", "email", "phone", "public_id", "external_id").first()
        *texts, own_id = row or ("",)
        if own_id and len(own_id) >= TELLING_ID:
            texts.append(own_id)
        browsers = Visitor.objects.filter(customer_id=pk).values_list("key", flat=True)
        return Identity.of(*texts, *browsers)

    def others(self, pk: int) -> list[int]:
        """Records that were merged into this one."""
        return list(Customer.objects.filter(merged_into=pk, erased_at=None).order_by("pk").values_list("pk", flat=True))

    def hindrance(self, pk: int) -> Said:
        """An order under way needs its buyer until it has arrived."""
        number = (
            Order.objects.filter(theirs(pk), status__in=UNDER_WAY).order_by("id").values_list("number", flat=True)
        ).first()
        return Said(ON_THE_WAY, {"number": number}) if number else NOTHING


def theirs(pk: int) -> Q:
    """Rows of Order or Interaction of a customer: in their name, and without a name in a browser known to be theirs.

    What stands in somebody else's name is not theirs, in whichever browser it was done.
    """
    # Numbers, here and below: with a subquery beside OR no index would be used.
    browsers = list(Visitor.objects.filter(customer_id=pk).values_list("pk", flat=True))
    return Q(customer_id=pk) | Q(customer_id=None, visitor_id__in=browsers)


def parts_of_orders(pk: int) -> Q:
    """Rows that belong to one of their orders by `order`."""
    return Q(order_id__in=list(Order.objects.filter(theirs(pk)).values_list("pk", flat=True)))


def refunds_of(pk: int) -> Q:
    """Rows of Refund: of their orders, and those in their name, which old systems recorded without an order."""
    return parts_of_orders(pk) | Q(customer_id=pk)


def exposures_of(pk: int) -> Q:
    """Rows of core.Exposure about a customer and their browsers, which they name as the storefront does."""
    own = Customer.objects.filter(pk=pk).values_list("public_id", flat=True)
    browsers = Visitor.objects.filter(customer_id=pk).values_list("key", flat=True)
    return Q(subject__in=[*own, *browsers])


def searches_of(pk: int) -> Q:
    """Rows of SearchQuery of a customer and their browsers."""
    return Q(customer_id=pk) | Q(visitor_id__in=Visitor.objects.filter(customer_id=pk).values("pk"))


def kept_histories_of(pk: int) -> Q:
    """Rows of KeptHistory of a customer and their browsers."""
    browsers = Visitor.objects.filter(customer_id=pk).values_list("pk", flat=True)
    return Q(who__in=[pk, *(-browser for browser in browsers)])


def new_public_id() -> str:
    """The old one stands in the storefront's tables; a new one cuts that link."""
    return uuid.uuid4().hex


def first_of_month() -> Trunc:
    """Cohorts need the month somebody joined, not the moment."""
    return Trunc(F("joined_at"), "month")


def no() -> bool:
    return False


def catalog_traces(who: Identity, label: str, pk: int) -> int:
    """What the person and their browsers looked at, and import reports that quote a cell of theirs.

    Purchases stay, as the orders do, without the browser and the circumstances.
    """
    if label != "catalog.Customer":
        return 0
    count = 0
    browsers = list(Visitor.objects.filter(customer_id=pk).values_list("key", flat=True))
    with connection.cursor() as cursor:
        # Writers of events are past or have not begun; what they write later they check against the rows left here.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [writing.LOCK])
        for statement in (ACTS_GONE, PURCHASES_BARE, ORDERS_BARE, SAMPLES_GONE, DEAD_GONE):
            cursor.execute(statement, {"customer": pk, "texts": patterns(who)})
            count += cursor.rowcount
    transaction.on_commit(lambda: _forget_in_redis(pk, browsers))
    return count + clear_quotes(who, "catalog_importbatch", {"error": "", "report": "{}"})


def _forget_in_redis(pk: int, browsers: list[str]) -> None:
    """Lists of recent acts, and what the append-only file still says of those that were written long ago."""
    for key in browsers:
        stream.refuse(key)
    recent.forget(*browsers, customer_id=pk)
    stream.try_redis(lambda client: client.bgrewriteaof())


DEAD_GONE = r"""
DELETE FROM catalog_deadevent WHERE payload ~* ANY(%(texts)s) OR error ~* ANY(%(texts)s)
    OR payload ~ ('^\["[^"]*",-?[0-9]+,"[^"]*",([0-9]+|null),' || %(customer)s || ',')
"""
ACTS_GONE = """
DELETE FROM catalog_interaction
WHERE kind <> 'purchase'
  AND (customer_id = %(customer)s OR visitor_id IN (SELECT id FROM catalog_visitor WHERE customer_id = %(customer)s))
"""
PURCHASES_BARE = """
UPDATE catalog_interaction SET visitor_id = NULL, context = '{}'::jsonb
WHERE (visitor_id IS NOT NULL OR context <> '{}'::jsonb)
  AND (customer_id = %(customer)s OR visitor_id IN (SELECT id FROM catalog_visitor WHERE customer_id = %(customer)s))
"""
# Orders of others in the person's browsers. The person's own are found by these browsers until their turn has come.
ORDERS_BARE = """
UPDATE catalog_order SET visitor_id = NULL
WHERE customer_id IS NOT NULL AND visitor_id IN (SELECT id FROM catalog_visitor WHERE customer_id = %(customer)s)
"""


SAMPLES_GONE = """
UPDATE catalog_importbatch SET report = report - 'refused_sample' WHERE report::text ~* ANY(%(texts)s)
"""


def import_folders() -> list[Path]:
    """Uploaded files and lists of refused rows, but not those that an import waits for or reads: they are looked
    through when that has ended, or go within a day."""
    root = Path(settings.VAR_DIR) / "imports"
    active = [ImportBatch.State.WAITING, ImportBatch.State.RUNNING, ImportBatch.State.UNDOING]
    at_work = {str(pk) for pk in ImportBatch.objects.filter(state__in=active).values_list("pk", flat=True)}
    return [folder for folder in sorted(root.glob("*")) if folder.name not in at_work]
