"""Points for orders from before the programme: counted first, granted when somebody says so."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Order
from core.exceptions import DomainError
from core.jobs import enqueue
from core.models import StaffUser
from crm.exceptions import BadInput, ProgrammeOff
from crm.models import LoyaltyProgramme, PastGrant
from crm.services import calendar, tiers
from crm.services.earning import earn_orders, with_lines
from crm.services.rates import Rates, kept

BATCH = 500
State = PastGrant.State


def past_orders(grant: PastGrant) -> QuerySet[Order]:
    """Orders of known customers, paid in the time of the grant, that earned nothing yet."""
    return Order.objects.bought().filter(
        paid_at__gte=calendar.start_of(grant.since), paid_at__lt=grant.until, customer__erased_at=None,
        customer__merged_into=None,
        customer__isnull=False, loyalty_lot=None,
    )  # fmt: skip


@transaction.atomic
def ask_for_past(*, since: date, by: StaffUser | None = None) -> PastGrant:
    """Count what orders since this day would bring. Nothing is granted yet. Raises ProgrammeOff, BadInput."""
    programme = LoyaltyProgramme.current()
    if not programme.is_on or programme.started_at is None:
        raise ProgrammeOff(_("Switch the programme on first."))
    if since >= calendar.today(programme.started_at):
        raise BadInput(_("The programme runs since then: choose an earlier day."), extra={"field": "since"})
    grant = PastGrant.objects.create(since=since, until=programme.started_at, created_by=by)
    enqueue("crm.tasks.count_past", dedupe_key=f"crm.past.count.{grant.pk}", created_by=by, grant_id=grant.pk)
    return grant


@transaction.atomic
def grant_past(grant_id: int, *, by: StaffUser | None = None) -> PastGrant:
    """Grant what was counted. Raises DomainError unless it is counted."""
    grant = PastGrant.objects.select_for_update().get(pk=grant_id)
    if grant.state != State.COUNTED:
        raise DomainError(_("This was granted already, or is still being counted."), code="not_counted")
    grant.state = State.RUNNING
    grant.save(update_fields=["state"])
    enqueue("crm.tasks.grant_past", dedupe_key=f"crm.past.grant.{grant.pk}", created_by=by, grant_id=grant.pk)
    return grant


def _batches(rows: QuerySet[Order], after: int) -> Iterator[list[int]]:
    while True:
        found = list(rows.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not found:
            return
        yield found
        after = found[-1]


def count_past(grant_id: int, *, progress: Callable[[int], Any] = lambda done: None) -> PastGrant:
    """The preview, by the same rules as the grant itself. Safe to run twice."""
    grant = PastGrant.objects.get(pk=grant_id)
    if grant.state != State.COUNTING:
        return grant
    rates = Rates.read(LoyaltyProgramme.current())
    orders = points = 0
    customers: set[int] = set()
    for batch in _batches(past_orders(grant), 0):
        for order in with_lines(batch):
            worth = kept(rates.points(order), order)
            if worth and order.customer_id is not None:
                orders, points = orders + 1, points + worth
                customers.add(order.customer_id)
        progress(orders)
    grant.orders, grant.customers, grant.points, grant.state = orders, len(customers), points, State.COUNTED
    grant.save(update_fields=["orders", "customers", "points", "state"])
    return grant


def run_past(grant_id: int, *, progress: Callable[[int], Any] = lambda done: None) -> PastGrant:
    """Book the points, a batch in a transaction; a run that was stopped goes on behind the last one."""
    grant, programme = PastGrant.objects.get(pk=grant_id), LoyaltyProgramme.current()
    if grant.state != State.RUNNING:
        return grant
    for batch in _batches(past_orders(grant), grant.last_order):
        with transaction.atomic():
            earn_orders(with_lines(batch), programme=programme, is_past=True)
            grant.last_order = batch[-1]
            grant.save(update_fields=["last_order"])
        progress(grant.last_order)
    tiers.look_at_all(now=timezone.now())
    grant.state = State.DONE
    grant.save(update_fields=["state"])
    return grant
